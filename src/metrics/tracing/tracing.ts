// Spans of OpenTelemetry. What a handler does itself, its queries for example, is below the span of its call, where the
// application's SDK has a context manager. A span has a path, a code and a duration: no arguments, no user, no message.

import { SpanKind as Kind, SpanStatusCode, trace, type Span, type Tracer } from '@opentelemetry/api';
import { isLiveError } from '../../base/errors.ts';
import { isPromise } from '../../base/maybe-promise.ts';
import type { Observer, SpanKind } from '../../server/observer.ts';

export interface TracingOptions {
	/** @default the one of the SDK that the application has registered, named `tidewire` */
	tracer?: Tracer;
}

const KINDS: Record<SpanKind, Kind> = { call: Kind.SERVER, load: Kind.INTERNAL, publish: Kind.PRODUCER };

/** Calls, loads and publishes as spans, as an observer: `defineLive({ observer: tracing() })`. */
export function tracing({ tracer = trace.getTracer('tidewire') }: TracingOptions = {}): Observer {
	return {
		span: (kind, name, run) =>
			tracer.startActiveSpan(`${kind} ${name}`, { kind: KINDS[kind] }, (span) => followed(span, run))
	};
}

function followed<Result>(span: Span, run: () => Result): Result {
	try {
		const result = run();
		if (isPromise(result)) {
			result.then(
				() => span.end(),
				(error: unknown) => fail(span, error)
			);
		} else span.end();
		return result;
	} catch (error) {
		fail(span, error);
		throw error;
	}
}

function fail(span: Span, error: unknown): void {
	const code = isLiveError(error) ? error.code : 'INTERNAL';
	span.setAttribute('tidewire.code', code);
	span.setStatus({ code: SpanStatusCode.ERROR, message: code });
	span.end();
}
