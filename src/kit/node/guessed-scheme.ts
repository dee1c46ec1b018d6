// Whether the scheme of a request's URL is known or only assumed. Where no header, option or variable tells it,
// adapter-node takes every request to be https.

import type { IncomingMessage } from 'node:http';
import { isEncrypted } from '../../transports/node/encrypted.ts';
import type { AppFacts } from '../app.ts';

/** Under these names, with any prefix, adapter-node is told the scheme or the header that has it. */
const TELLS_SCHEME = /(^|_)(PROTOCOL_HEADER|ORIGIN)$/;

export function guessesScheme(
	facts: Pick<AppFacts, 'origin' | 'isDevelopment'>,
	environment: NodeJS.ProcessEnv
): (request: IncomingMessage, url: URL) => boolean {
	const isTold = facts.origin !== null || Object.keys(environment).some((name) => TELLS_SCHEME.test(name));
	return (request, url) => {
		if (facts.isDevelopment || isTold || url.protocol !== 'https:') return false;
		return !isEncrypted(request);
	};
}
