// `tidewire/server`: what live modules, src/hooks.live.ts and code that publishes import.

export { LiveError, type ErrorCode, type ErrorDetails, type Issue } from '../base/errors.ts';
export type { MergeKind } from '../base/merge.ts';
export type { LiveCall, LiveIdempotent, LiveQuery, LiveResource, LiveSnapshot } from '../base/surface.ts';
export type { Limits } from '../protocol/limits.ts';
export type { Position } from '../protocol/position.ts';
export type { TopicPart, TopicParts } from '../protocol/topic.ts';
export type { Backplane, Delivery, LogEntry, ReadResult } from './backplane.ts';
export { defineLive, type LiveConfig, type SessionSource } from './config.ts';
export type { BaseContext, ConnectionInfo, LiveContext } from './context.ts';
export type { Overview, ProcessReport, SlowReport, TopicReport } from './processes/operations.ts';
export type { Guard, Middleware } from './definition.ts';
export type { LiveStream } from './define-stream.ts';
export { jsonLog, type JsonLogOptions, type LogLine } from './json-log.ts';
export { guard, live, publish, revoke, type ModuleGuard } from './live.ts';
export type { Gauges, Observer, Outcome, SpanKind, TopicKind } from './observer.ts';
export { LiveServer, type ServerOptions } from './server.ts';
export type { DefaultUser, Register, Session, User } from './session.ts';
export type { Topic } from './topic.ts';
export type { AcceptSocket, SocketEvents, TransportSocket } from './transport.ts';
export { Frame } from './frame.ts';
export { runtime, type Runtime } from './runtime.ts';
