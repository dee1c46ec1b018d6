// Who the examples are about.

export const ada = { id: 'ada', name: 'Ada', role: 'member', color: 'teal' };
export const bob = { id: 'bob', name: 'Bob', role: 'admin', color: 'plum' };
