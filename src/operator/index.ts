// `tidewire/operator`: a page for whoever operates the application.

export { operator, type OperatorOptions, type OperatorRoute } from './operator.ts';
