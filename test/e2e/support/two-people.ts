// What must hold for two people on one board, however it is served and whatever is killed.
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import type { BoardPage } from './board-page.ts';

export type TwoPeople = Record<'ada' | 'ben', BoardPage>;

/** Ids of cards whose calls were answered with success. */
export const acknowledgedTo = ({ ada, ben }: TwoPeople): string[] => [...ada.acknowledged(), ...ben.acknowledged()];

/** Each adds a card, which the other one sees. */
export async function expectToSeeEachOther({ ada, ben }: TwoPeople): Promise<void> {
	await ada.addCard(0, 'from Ada');
	await ben.card('from Ada').waitFor();
	await ben.addCard(1, 'from Ben');
	await ada.card('from Ben').waitFor();
}

/**
 * Waits until both are connected and show the same, also what one of them does now. Returns the cards of every column by id
 * and title.
 */
export async function expectToAgree({ ada, ben }: TwoPeople): Promise<string[][]> {
	await Promise.all([ada.connected(), ben.connected()]);
	await ada.addCard(2, 'the last one');
	await ben.card('the last one').waitFor();
	// Calls that waited for the connection may still be on their way.
	const both = () => Promise.all([ada.everything(), ben.everything()]);
	await expect.poll(both, { timeout: 20_000 }).toSatisfy(([one, other]) => isDeepStrictEqual(one, other));
	return await ada.everything();
}

export const expectNoErrors = ({ ada, ben }: TwoPeople): void => expect([...ada.errors, ...ben.errors]).toEqual([]);
