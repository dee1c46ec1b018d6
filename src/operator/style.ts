// How the operator's page looks: one column on a phone, cards beside each other where there is room, light and dark.

export const STYLE = `
:root { color-scheme: light dark; --ground: light-dark(#f4f6f8, #10151a); --card: light-dark(#fff, #182028);
	--line: light-dark(#d5dce3, #2c3843); --text: light-dark(#17212b, #e6edf3); --soft: light-dark(#52606d, #9fb0c0);
	--accent: light-dark(#0b63a5, #6cb6f5); --good: light-dark(#11683a, #63d297); --warn: light-dark(#8a5300, #f0b455);
	--bad: light-dark(#b3261e, #ff9a90); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
.wrap { max-width: 76rem; margin: 0 auto; padding: 1rem; }
header { display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: baseline; justify-content: space-between; }
h1 { font-size: 1.4rem; margin: .5rem 0; } h2 { font-size: 1.05rem; margin: 0; overflow-wrap: anywhere; }
h3 { font-size: .95rem; margin: 1.25rem 0 .25rem; }
.soft { color: var(--soft); } .mono { font-family: ui-monospace, monospace; font-size: .875em; overflow-wrap: anywhere; }
.grid { display: grid; align-items: start; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1rem 1.25rem; min-width: 0; }
.head { display: flex; flex-wrap: wrap; gap: .25rem .75rem; align-items: baseline; justify-content: space-between; }
.state { border: 1px solid; border-radius: 99rem; padding: 0 .7rem; font-size: .875rem; font-weight: 600; white-space: nowrap; }
.ready { color: var(--good); } .starting, .draining { color: var(--warn); } .no-backplane, .silent { color: var(--bad); }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(6.5rem, 1fr)); gap: .75rem; margin: 1rem 0 0; }
dt { color: var(--soft); font-size: .875rem; } dd { margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }
table { width: 100%; border-collapse: collapse; font-size: .925rem; } caption { text-align: left; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-top: 1px solid var(--line); vertical-align: baseline; }
th { color: var(--soft); font-weight: 500; font-size: .875rem; } .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
th:last-child, td:last-child { padding-right: 0; }
form.line { display: flex; flex-wrap: wrap; gap: .5rem; align-items: end; } label { display: grid; gap: .25rem; flex: 1 1 12rem; }
input, button, summary { font: inherit; min-height: 2.75rem; border-radius: .5rem; padding: .25rem .9rem; }
input { border: 1px solid var(--soft); background: var(--ground); color: inherit; width: 100%; }
button { border: 1px solid currentColor; background: transparent; color: var(--accent); cursor: pointer; }
button.danger { color: var(--bad); } td button { min-height: 2rem; padding: 0 .7rem; }
details { margin-top: 1rem; border-top: 1px solid var(--line); } summary { padding: .6rem 0; cursor: pointer; color: var(--soft); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.notice { border-left: .3rem solid var(--accent); } section, .notice { margin-top: 1rem; } p { margin: .5rem 0; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.check { display: flex; flex: 0 0 auto; align-items: center; gap: .5rem; } .check input { width: 1.2rem; min-height: 1.2rem; }
`;
