import { expect, test } from 'vitest';
import type { AppFacts } from './app.ts';
import { renderStream } from './render.ts';

type RequestEvent = ReturnType<AppFacts['getRequestEvent']>;

const factsOf = (event: object) => ({ getRequestEvent: () => event as RequestEvent });

test('the components of one page share the resource of a stream, and so what one of them hydrates', () => {
	const facts = factsOf({});
	const resource = renderStream(facts, 'lib/board/cards', ['b1']);
	const merge = { kind: 'crud' as const, key: 'id', prepend: false, max: 0 };
	resource.hydrate({ value: ['card'], position: null, merge });
	expect(renderStream(facts, 'lib/board/cards', ['b1']).current).toEqual(['card']);
	expect(renderStream(facts, 'lib/board/cards', ['b2']).current).toBeUndefined();
});

test('two requests share nothing', () => {
	const resource = renderStream(factsOf({}), 'lib/board/cards', ['b1']);
	expect(renderStream(factsOf({}), 'lib/board/cards', ['b1'])).not.toBe(resource);
});

test('a stream may be called where no request is under way', () => {
	const facts = {
		getRequestEvent: (): RequestEvent => {
			throw new Error('outside of a request');
		}
	};
	expect(renderStream(facts, 'lib/board/cards', []).ready).toBe(false);
});
