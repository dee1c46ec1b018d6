// Tests of the board example: a server of it, and Ada and Ben, who come to a board when a test first asks for them.
import type { Page } from 'playwright-core';
import { BoardPage } from './board-page.ts';
import { BoardServer, type BoardServerOptions } from './board-server.ts';
import { browserTest, owned } from './browser-test.ts';

type Prepare = (page: Page) => Promise<void>;

export interface BoardTestOptions extends BoardServerOptions {
	/** Where both are. @default {@link BOARD} */
	board?: string;
	/** Has somebody's page before it connects. */
	prepare?: { Ada?: Prepare; Ben?: Prepare };
}

export const BOARD = 'Launch plan';

export const boardTest = ({ mode, env = {}, board = BOARD, prepare = {} }: BoardTestOptions = {}) =>
	browserTest
		.extend('env', { scope: 'file' }, env)
		.extend('server', { scope: 'file' }, ({ env }, life) => owned(life, BoardServer.start({ mode, env })))
		.extend('ada', { scope: 'file' }, ({ browser, server }) =>
			BoardPage.open(browser, server.url, { person: 'Ada', board, prepare: prepare.Ada })
		)
		.extend('ben', { scope: 'file' }, ({ browser, server }) =>
			BoardPage.open(browser, server.url, { person: 'Ben', board, prepare: prepare.Ben })
		);
