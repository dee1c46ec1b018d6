// How long after an action of one browser another one shows it. Both run on this machine, so their clocks agree.
import type { Page } from 'playwright-core';

/** Tells when `condition`, a function of the page, first holds there; checked at every change of the document. */
export async function watch<Argument>(
	page: Page,
	condition: (argument: Argument) => boolean,
	argument: Argument
): Promise<() => Promise<number>> {
	const key = `seen${Math.random()}`;
	await page.evaluate(
		({ key, source, argument }) => {
			// oxlint-disable-next-line no-implied-eval -- the function comes from the test itself
			const holds = new Function(`return (${source})`)() as (argument: unknown) => boolean;
			const seen = new Promise<number>((resolve) => {
				const observer = new MutationObserver(check);
				function check(): void {
					if (!holds(argument)) return;
					observer.disconnect();
					resolve(Date.now());
				}
				observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
				check();
			});
			(globalThis as Record<string, unknown>)[key] = seen;
		},
		{ key, source: condition.toString(), argument }
	);
	return () => page.evaluate((name) => (globalThis as Record<string, unknown>)[name] as Promise<number>, key);
}

/** The middle one; the upper of two. */
export function median(values: readonly number[]): number {
	return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? NaN;
}
