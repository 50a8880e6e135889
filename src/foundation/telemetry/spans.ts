import type { Attributes, Context, Span, Tracer } from '@opentelemetry/api';
import { GatewayFault } from '../model/index.ts';

type Api = typeof import('@opentelemetry/api');

/** Attributes of a step: names of parts, outcomes, sizes. They hold no secret and no person's name. */
export type SpanAttributes = Attributes;

/** Records a step's result; `failed` marks it as an error of this kind, without the error's message. */
export type Noting = { note(attributes: SpanAttributes): void; failed(kind: string): void };

const nowhere: Noting = { note: () => undefined, failed: () => undefined };

/** Global, as OpenTelemetry's own state is; undefined while tracing is off, and then no module of it is loaded. */
let tracing: { api: Api; tracer: Tracer; key: symbol } | undefined;
let users = 0;

/**
 * Starts tracing with the SDK that the operator has registered. `hasSdk`: whether there is one; without it spans are
 * not exported. `stop` ends tracing when every caller of `startTracing` has stopped.
 * @see docs/decisions/traces.md
 */
export async function startTracing(version: string): Promise<{ hasSdk: boolean; stop(): void }> {
  const api = await import('@opentelemetry/api');
  const tracer = api.trace.getTracer('pushgate', version);
  tracing ??= { api, tracer, key: api.createContextKey('pushgate request') };
  users += 1;
  let isUser = true;
  return {
    // The probe span is never ended, so it is not exported.
    hasSdk: api.trace.isSpanContextValid(tracer.startSpan('probe').spanContext()),
    stop() {
      if (isUser) users -= 1;
      isUser = false;
      if (users === 0) tracing = undefined;
    },
  };
}

/** Whether tracing is on. */
export const isTracing = (): boolean => tracing !== undefined;

/**
 * Runs an internal step as a span below the current step or request; without either, it is not traced. The span ends
 * with the work, or with its promise. While tracing is off this only calls `work`.
 */
export const span = <T>(name: string, attributes: SpanAttributes, work: (noting: Noting) => T): T =>
  tracing ? traced({ name, attributes: () => attributes, kind: 'INTERNAL', parent: parentOf('open') }, work) : work(nowhere);

/**
 * The same for a call to an outside system: a store, a directory, a push service. Not traced until the sender of the
 * request is known.
 */
export const outsideSpan = <T>(name: string, attributes: () => SpanAttributes, work: (noting: Noting) => T): T =>
  tracing ? traced({ name, attributes, kind: 'CLIENT', parent: parentOf() }, work) : work(nowhere);

/** The header that lets an operator's own server continue the trace; none while tracing is off. */
export function traceHeaders(): Record<string, string> {
  const context = tracing?.api.trace.getSpan(tracing.api.context.active())?.spanContext();
  if (!context || !tracing?.api.trace.isSpanContextValid(context)) return {};
  const flags = context.traceFlags.toString(16).padStart(2, '0');
  return { traceparent: `00-${context.traceId}-${context.spanId}-${flags}` };
}

/**
 * The span of a request. It starts with the first step, since only a known caller may choose the trace; its start time
 * is that of the request.
 */
export type RequestTrace = {
  /** Runs work that belongs to the request. */
  run<T>(work: () => T): T;
  /** Starts the span, below the one in `traceparent` if that is valid. No effect once started. */
  begin(traceparent: string): void;
  /** The trace id once the span has started; undefined without an SDK. */
  traceId(): string | undefined;
  /** Ends the span and sets its name: method and route. */
  end(name: string, attributes: SpanAttributes, error?: string): void;
};

/**
 * Opens the span of a request; undefined while tracing is off.
 * @param startedAt epoch ms
 * @param method the span's name until its route is known
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

/** Marks a context inside a step: the step is the parent of the next span. */
const inside = 'inside';
type Slot = { begun(): Span | undefined; contextOf(context: Context): Context };
const isSlot = (value: unknown): value is Slot => typeof value === 'object' && value !== null && 'contextOf' in value;

/** The parent of a new span: the current step, else its request, which `open` starts. */
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

/** Never the message, which may quote anything. */
function kindOf(error: unknown): string {
  if (error instanceof GatewayFault) return error.code;
  return error instanceof Error ? error.constructor.name : typeof error;
}

const notingOn = (begun: Span, { SpanStatusCode }: Api): Noting => ({
  note: (attributes) => void begun.setAttributes(attributes),
  failed: (kind) => void begun.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', kind),
});

const traceParent = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})/;

/** The caller's context, unless the operator's instrumentation has already started a span for the request. */
function withRemote({ trace, context }: Api, traceparent: string): Context {
  const active = context.active();
  const [, traceId = '', spanId = '', flags = ''] = traceParent.exec(traceparent) ?? [];
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1, isRemote: true };
  return trace.getSpan(active) || !trace.isSpanContextValid(remote) ? active : trace.setSpanContext(active, remote);
}
