// What the driver of a history and its server processes say to each other, over IPC.

import type { Limits } from '../../src/protocol/limits.ts';
import type { Position } from '../../src/protocol/position.ts';
import type { ReadResult } from '../../src/server/backplane.ts';

export const BACKPLANES = ['redis', 'postgres', 'nats'] as const;
export type BackplaneKind = (typeof BACKPLANES)[number];

/** A deliberate defect of the backplane, to find out whether the campaign notices it. */
export type Defect = 'constant epoch' | 'repeated append' | 'lost append' | 'deaf to revocation';

/** How one server process begins. */
export interface ServerSettings {
	name: string;
	backplane: BackplaneKind;
	/** Where it reaches the service: the port of its proxy. */
	port: number;
	/** What the processes of this history have in common, and those of others have not. */
	space: string;
	/** The application's own database. */
	database: string;
	/** The most events that a topic's log keeps. */
	events: number;
	defect: Defect | null;
	/** What differs from the short times of histories. @default nothing */
	limits?: Partial<Limits>;
}

/** What the clients of a storm are told: where to connect, and then to say when all whose server it is not are there. */
export interface StormWeather {
	urls: readonly string[];
}

/** How one of them came back. */
export interface Return {
	/** When its stream was live again, in milliseconds since the Unix epoch. */
	atMs: number;
	/** The part of it that its last attempt took, in milliseconds: connecting, the hello and catching up. */
	connectingMs: number;
	attempts: number;
}

export type Question =
	/** Takes the connections of a user away, on every process. */
	| { kind: 'revoke'; user: string }
	/** Who lives, as far as this process knows. */
	| { kind: 'living' }
	/** The same, asked of what the processes share just now. */
	| { kind: 'members' }
	/** Where a topic ends. */
	| { kind: 'head'; topic: string }
	/** What a topic's log has after a position. */
	| { kind: 'log'; topic: string; position: Position }
	/** Publishes again what is stored: who stored it was told of a failure, or of nothing. */
	| { kind: 'repair'; calls: readonly string[] }
	/** Publishes an event that changes no value. */
	| { kind: 'mark'; topic: string }
	/** How often values were loaded, by topic. */
	| { kind: 'loads' }
	/** Ends in order. */
	| { kind: 'leave' };

export type Ask = { ask: number } & Question;

/** An event that the log has taken. */
export interface Appended extends Position {
	topic: string;
	body: string;
}

export interface Answers {
	revoke: void;
	living: string[];
	members: string[];
	head: Position;
	log: ReadResult;
	repair: void;
	mark: void;
	loads: Record<string, number>;
	leave: void;
}

export type Tell =
	| { kind: 'ready'; port: number }
	| { kind: 'appended'; event: Appended }
	| { kind: 'reported'; text: string }
	| { kind: 'answer'; ask: number; value: unknown }
	| { kind: 'failure'; ask: number; message: string };
