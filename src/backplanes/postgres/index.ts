// `tidewire/postgres`

export { schemaSql } from './migrations.ts';
export { postgres, type PostgresSource } from './open.ts';
export type { PostgresBackplane, PostgresOptions } from './postgres.ts';
export type { PublishInTransaction, Transaction } from './transaction.ts';
