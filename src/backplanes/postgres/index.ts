// `tidewire/postgres`

export { postgresChanges, type ChangeLag, type PostgresChanges, type PostgresChangesOptions } from './changes.ts';
export type { ChangedRow, ChangedTables, TableMapping } from './change-mapping.ts';
export { schemaSql } from './migrations.ts';
export { postgres, type PostgresSource } from './open.ts';
export type { PostgresBackplane, PostgresOptions } from './postgres.ts';
export type { PublishInTransaction, Transaction } from './transaction.ts';
