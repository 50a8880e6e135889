import assert from 'node:assert/strict';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import type { Cleanup } from './temporary.ts';

/** A span, with the fields that tests read. */
export type SeenSpan = {
  name: string;
  kind: string;
  id: string;
  parent: string | undefined;
  traceId: string;
  attributes: Record<string, unknown>;
  failed: boolean;
  startedAt: number;
  endedAt: number;
};

/** The spans that an operator's SDK received. */
export type GivenTraces = {
  /** The ended spans, in the order of their ends. */
  spans(): SeenSpan[];
  /** The only span of this name. */
  only(name: string): SeenSpan;
  /** The names of the spans from the root to this one. */
  pathTo(span: SeenSpan): string[];
};

/** Registers an OpenTelemetry SDK in this process, as an operator does with `--import`. */
export function givenTraces(undo: Cleanup): GivenTraces {
  const exporter = new InMemorySpanExporter();
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  assert.ok(trace.setGlobalTracerProvider(provider) && context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
  undo.later(() => {
    trace.disable();
    context.disable();
    return provider.shutdown();
  });
  const spans = (): SeenSpan[] => exporter.getFinishedSpans().map(seen);
  return {
    spans,
    only(name) {
      const [found, ...more] = spans().filter((span) => span.name === name);
      assert.ok(found && more.length === 0, `${name} among ${spans().map((span) => span.name)}`);
      return found;
    },
    pathTo(span) {
      const names = [span.name];
      for (let at = parentOf(span, spans()); at; at = parentOf(at, spans())) names.unshift(at.name);
      return names;
    },
  };
}

const parentOf = ({ parent }: SeenSpan, spans: readonly SeenSpan[]): SeenSpan | undefined => spans.find(({ id }) => id === parent);
const msOf = ([seconds, nanos]: [number, number]): number => seconds * 1000 + nanos / 1e6;

const seen = (span: ReadableSpan): SeenSpan => ({
  name: span.name,
  kind: SpanKind[span.kind] ?? '',
  id: span.spanContext().spanId,
  parent: span.parentSpanContext?.spanId,
  traceId: span.spanContext().traceId,
  attributes: { ...span.attributes },
  failed: span.status.code === SpanStatusCode.ERROR,
  startedAt: msOf(span.startTime),
  endedAt: msOf(span.endTime),
});
