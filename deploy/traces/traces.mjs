// Sends the traces of pushgate to a collector by OTLP: node --import /opt/pushgate-traces/traces.mjs … serve --config FILE
// Where to: OTEL_EXPORTER_OTLP_ENDPOINT, such as http://collector:4318. How many: OTEL_TRACES_SAMPLER and OTEL_TRACES_SAMPLER_ARG.
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';

const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ 'service.name': process.env.OTEL_SERVICE_NAME ?? 'pushgate' }),
  spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
});
provider.register();

// The gateway ends by itself when it has drained; what is left then goes out before the process does.
let isFlushed = false;
process.on('beforeExit', async () => {
  if (isFlushed) return;
  isFlushed = true;
  await provider.shutdown();
});
