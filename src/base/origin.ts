// Which pages may open a socket. Browsers send cookies with any WebSocket and let any page open one, so the origin of the
// page is what keeps a foreign site from acting as the user.

export interface OriginRule {
	/** The origin that the request itself was made to: scheme, host and port. */
	own: string;
	/** Other origins that are welcome, as `https://app.example`. */
	allowed: readonly string[];
	/**
	 * Whether `own` has a guessed scheme: behind a proxy that does not tell it, adapter-node assumes https. Then only host
	 * and port are compared with it.
	 */
	schemeGuessed?: boolean;
}

/**
 * Why a request from this origin is refused, as a sentence for whoever reads the response; null where it is welcome.
 * @param origin the `Origin` header; absent where the client is no browser
 */
export function originRefusal(origin: string | null | undefined, rule: OriginRule): string | null {
	if (origin == null) return null;
	const from = normalized(origin);
	if (from !== null) {
		if (rule.allowed.some((other) => normalized(other) === from)) return null;
		const own = normalized(rule.own);
		if (own !== null && (rule.schemeGuessed ? hostOf(own) === hostOf(from) : own === from)) return null;
	}
	return (
		`The origin ${JSON.stringify(origin.slice(0, 200))} may not open a socket to ${rule.own}. ` +
		`To allow it, add it to "origins".`
	);
}

/** Scheme, host and port with default ports left out; null for `null` and for anything that is no origin. */
function normalized(origin: string): string | null {
	if (!URL.canParse(origin)) return null;
	const { origin: text } = new URL(origin);
	return text === 'null' ? null : text;
}

/** Without the scheme: where that is a guess, `host` and `host:443` and `host:80` cannot be told apart. */
const hostOf = (origin: string): string => origin.slice(origin.indexOf('://') + 3).replace(/:(80|443)$/, '');
