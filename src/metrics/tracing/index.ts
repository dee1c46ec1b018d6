// `tidewire/tracing`: calls, loads and publishes as spans of OpenTelemetry.

export { tracing, type TracingOptions } from './tracing.ts';
