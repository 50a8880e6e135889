import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { GatewayFault } from '../model/index.ts';

type Api = typeof import('@opentelemetry/api');

/** What is known of a step: names of parts, outcomes, sizes. No secret and no name of a person is among it. */
export type SpanAttributes = Attributes;

/** Where a step notes what came of it; `failed` marks it as an error of this kind, without the words of the error. */
export type Noting = { note(attributes: SpanAttributes): void; failed(kind: string): void };

const nowhere: Noting = { note: () => undefined, failed: () => undefined };

/** Of the whole process, as OpenTelemetry's own state is; undefined while nothing is traced, and then no module of it is loaded. */
let tracing: { api: Api; tracer: Tracer; key: symbol } | undefined;
let users = 0;

/**
 * Begins to trace, by the SDK that the operator has registered. `hasSdk`: whether there is one; without it spans lead nowhere. `stop` ends it, when all who began
 * have stopped.
 * @see docs/decisions/traces.md
 */
export async function startTracing(version: string): Promise<{ hasSdk: boolean; stop(): void }> {
  const api = await import('@opentelemetry/api');
  const tracer = api.trace.getTracer('pushgate', version);
  tracing ??= { api, tracer, key: api.createContextKey('pushgate request') };
  users += 1;
  let isUser = true;
  return {
    // One that is never ended goes nowhere.
    hasSdk: api.trace.isSpanContextValid(tracer.startSpan('probe').spanContext()),
    stop() {
      if (isUser) users -= 1;
      isUser = false;
      if (users === 0) tracing = undefined;
    },
  };
}

/** Whether steps are traced. */
export const isTracing = (): boolean => tracing !== undefined;

/**
 * Does a step of our own as a span below the step or request that it belongs to; work that belongs to none is not traced. The span ends with the work, or with
 * its promise. While nothing is traced this is a call of `work` and no more.
 */
export const span = <T>(name: string, attributes: SpanAttributes, work: (noting: Noting) => T): T =>
  tracing ? traced({ name, attributes: () => attributes, kind: 'INTERNAL', parent: parentOf('open') }, work) : work(nowhere);

/** The same for a call to something outside: a store, a directory, a push service. Before it is known who sent a request it is not traced. */
export const outsideSpan = <T>(name: string, attributes: () => SpanAttributes, work: (noting: Noting) => T): T =>
  tracing ? traced({ name, attributes, kind: 'CLIENT', parent: parentOf() }, work) : work(nowhere);

/** The header that lets a far side of the operator's own go on with the trace; none while nothing is traced. */
export function traceHeaders(): Record<string, string> {
  const context = tracing?.api.trace.getSpan(tracing.api.context.active())?.spanContext();
  if (!context || !tracing?.api.trace.isSpanContextValid(context)) return {};
  const flags = context.traceFlags.toString(16).padStart(2, '0');
  return { traceparent: `00-${context.traceId}-${context.spanId}-${flags}` };
}

/** The span of a request. It begins with the first of its steps, since only a known caller may say which trace it belongs to; its time is that of the request. */
export type RequestTrace = {
  /** Does work that belongs to the request. */
  run<T>(work: () => T): T;
  /** Begins the span, below the one that `traceparent` names where that is one. What has begun stays where it is. */
  begin(traceparent: string): void;
  /** The id of the trace, once it has begun; undefined without an SDK. */
  traceId(): string | undefined;
  /** Ends it under its name: method and route. */
  end(name: string, attributes: SpanAttributes, error?: string): void;
};

/**
 * Opens the span of a request; undefined while nothing is traced.
 * @param startedAt epoch ms
 * @param method the name until its route is known
 */
export function traceRequest(startedAt: number, method: string): RequestTrace | undefined {
  if (!tracing) return undefined;
  const { api, tracer, key } = tracing;
  let begun: Span | undefined;
  const begin = (traceparent: string): Span => {
    begun ??= tracer.startSpan(method, { kind: api.SpanKind.SERVER, startTime: startedAt }, withRemote(api, traceparent));
    return begun;
  };
  const slot: Slot = { begun: () => begun, contextOf: (context) => api.trace.setSpan(context, begin('')) };
  return {
    run: (work) => api.context.with(api.context.active().setValue(key, slot), work),
    begin: (traceparent) => void begin(traceparent),
    traceId() {
      const context = begun?.spanContext();
      return context && api.trace.isSpanContextValid(context) ? context.traceId : undefined;
    },
    end(name, attributes, error) {
      const ended = begin('').updateName(name).setAttributes(attributes);
      if (error !== undefined) notingOn(ended, api).failed(error);
      ended.end();
    },
  };
}

/** What stands in the context below a step of a request: the parent of the next one is the step. */
const inside = 'inside';
type Slot = { begun(): Span | undefined; contextOf(context: Context): Context };
const isSlot = (value: unknown): value is Slot => typeof value === 'object' && value !== null && 'contextOf' in value;

/** Where a new span belongs: below the step that is under way, else below its request, which begins with `open`. */
function parentOf(open?: 'open'): Context | undefined {
  if (!tracing) return undefined;
  const active = tracing.api.context.active();
  const place = active.getValue(tracing.key);
  if (place === inside) return active;
  return isSlot(place) && (open || place.begun()) ? place.contextOf(active) : undefined;
}

type Step = { name: string; attributes: () => SpanAttributes; kind: 'INTERNAL' | 'CLIENT'; parent: Context | undefined };

function traced<T>({ name, attributes, kind, parent }: Step, work: (noting: Noting) => T): T {
  if (!tracing || !parent) return work(nowhere);
  const { api, tracer, key } = tracing;
  const begun = tracer.startSpan(name, { kind: api.SpanKind[kind], attributes: attributes() }, parent);
  const noting = notingOn(begun, api);
  const failed = (error: unknown): void => {
    noting.failed(kindOf(error));
    begun.end();
  };
  try {
    const result = api.context.with(api.trace.setSpan(parent, begun).setValue(key, inside), () => work(noting));
    if (result instanceof Promise) result.then(() => begun.end(), failed);
    else begun.end();
    return result;
  } catch (error) {
    failed(error);
    throw error;
  }
}

/** Never the message: it may quote anything. */
function kindOf(error: unknown): string {
  if (error instanceof GatewayFault) return error.code;
  return error instanceof Error ? error.constructor.name : typeof error;
}

const notingOn = (begun: Span, { SpanStatusCode }: Api): Noting => ({
  note: (attributes) => void begun.setAttributes(attributes),
  failed: (kind) => void begun.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', kind),
});

const traceParent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** The context that a caller names, where no library of the operator's has begun a span for the same request. */
function withRemote({ trace, context }: Api, traceparent: string): Context {
  const active = context.active();
  const [, traceId = '', spanId = '', flags = ''] = traceParent.exec(traceparent) ?? [];
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return trace.getSpan(active) || !trace.isSpanContextValid(remote) ? active : trace.setSpanContext(active, remote);
}
