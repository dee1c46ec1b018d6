// `tidewire/server`: what live modules, src/hooks.live.ts and code that publishes import.

export type { WebhookDelivery } from '../features/webhooks/delivery.ts';
export { hmacWebhook, standardWebhook, type HmacOptions, type VerifyWebhook } from '../features/webhooks/verify.ts';
export type { LiveWebhook, WebhookEvent, WebhookOptions } from '../features/webhooks/webhook.ts';
export { LiveError, type ErrorCode, type ErrorDetails, type Issue } from '../base/errors.ts';
export type { MergeKind } from '../base/merge.ts';
export type { LiveCall, LiveIdempotent, LiveQuery, LiveResource, LiveSnapshot } from '../base/surface.ts';
export type { Limits } from '../protocol/limits.ts';
export type { Position } from '../protocol/position.ts';
export type { TopicPart, TopicParts } from '../protocol/topic.ts';
export type { Backplane, Delivery, LogEntry, ReadResult } from '../server/backplane.ts';
export { defineLive, type LiveConfig, type SessionSource } from '../server/config.ts';
export type { BaseContext, ConnectionInfo, LiveContext } from '../server/context.ts';
export type { Overview, ProcessReport, SlowReport, TopicReport } from '../server/processes/operations.ts';
export type { Guard, Middleware } from '../server/definition.ts';
export type { LiveStream } from '../server/define-stream.ts';
export { jsonLog, type JsonLogOptions, type LogLine } from '../server/json-log.ts';
export { guard, live, publish, request, revoke, signal, type ModuleGuard } from './live.ts';
export type { Gauges, Observer, Outcome, SpanKind, TopicKind } from '../server/observer.ts';
export { LiveServer, type ServerOptions } from '../server/server.ts';
export type { DefaultUser, Register, Session, User } from '../server/session.ts';
export type { AskPage, RequestOptions, Signal, SignalTarget } from '../server/signals.ts';
export type { Topic } from '../server/topic.ts';
export type { AcceptSocket, SocketEvents, TransportSocket } from '../server/transport.ts';
export { Frame } from '../server/frame.ts';
export { runtime, type Runtime } from '../server/runtime.ts';
