// The SQL of a trigger that writes down the changes of one table, for `postgresChanges` with `via: 'triggers'`.

import { assertSchemaName } from './migrations.ts';
import { identifier } from './text.ts';

/** @param table its name, with its schema where that is not `public` */
export function triggerSql(table: string, schema = 'tidewire'): string {
	assertSchemaName(schema);
	const place = (table.includes('.') ? table : `public.${table}`).split('.').map(identifier).join('.');
	return (
		`CREATE OR REPLACE TRIGGER tidewire_change AFTER INSERT OR UPDATE OR DELETE ON ${place}\n` +
		`\tFOR EACH ROW EXECUTE FUNCTION ${identifier(schema)}.capture_change();\n`
	);
}
