// `tidewire/metrics`: what a server does, for Prometheus.

export { metrics, type Metrics, type MetricsOptions } from './metrics.ts';
