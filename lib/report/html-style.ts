/** The style sheet of `report.html`: phone first, dark where the reader's system is, and printable. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #fbfbfa; --card: #fff; --ink: #1d2226; --soft: #5c666e; --line: #dfe3e6;
  --pass: #1a7f4b; --fail: #c3272b; --unknown: #9a6700; --skipped: #68737c;
  --wait: #4f86c6; --step: #7a6bb7; --instant: #0f766e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14181b; --card: #1c2226; --ink: #e4e8ea; --soft: #9aa5ac; --line: #333c42;
    --pass: #4ec28a; --fail: #ff7b78; --unknown: #e0ad3f; --skipped: #9aa5ac;
    --wait: #5b93d6; --step: #9787d8; --instant: #4fd1c5;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
  overflow-wrap: anywhere;
}
h1 { font-size: 1.35rem; margin: 0 0 .25rem; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 0; font-weight: 600; }
h4 { font-size: .8rem; margin: 1rem 0 .25rem; color: var(--soft); font-weight: 600;
  text-transform: uppercase; letter-spacing: .04em; }
p { margin: .25rem 0; }
a { color: inherit; }
code, pre { font: .85em/1.45 ui-monospace, SFMono-Regular, Menlo, "DejaVu Sans Mono", monospace; }
pre { margin: .5rem 0 0; padding: .6rem; overflow-x: auto; white-space: pre-wrap;
  background: var(--ground); border: 1px solid var(--line); border-radius: .4rem; }
.soft { color: var(--soft); font-size: .9rem; }
.card { background: var(--card); border: 1px solid var(--line); border-left: .3rem solid var(--line);
  border-radius: .5rem; padding: .8rem 1rem; margin: .75rem 0; }
.card.pass { border-left-color: var(--pass); } .card.fail { border-left-color: var(--fail); }
.card.unknown { border-left-color: var(--unknown); }
.card.skipped { border-left-color: var(--skipped); }
.word { font-weight: 700; font-size: .8rem; letter-spacing: .04em; text-transform: uppercase;
  white-space: nowrap; }
.word.pass, .true .mark { color: var(--pass); } .word.fail, .false .mark { color: var(--fail); }
.word.unknown, .unknown .mark { color: var(--unknown); } .word.skipped { color: var(--skipped); }
.head { display: flex; gap: .75rem; align-items: baseline; }
.head h3 { flex: 1; }
.counts { display: grid; grid-template-columns: repeat(4, 1fr); gap: .5rem; margin: 1rem 0; }
.counts div { background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .5rem; text-align: center; }
.counts b { display: block; font-size: 1.5rem; line-height: 1.2; }
.counts .none b { color: var(--soft); font-weight: 400; }
.reason { font-weight: 600; white-space: pre-wrap; margin-top: .5rem; }
.hint::before { content: "→ "; }
ul.evidence { list-style: none; margin: 0; padding: 0; }
ul.evidence > li { display: grid; grid-template-columns: 1.3rem 1fr; padding: .2rem 0; }
.mark { font-weight: 700; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0;
  border-top: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; }
table.data { width: auto; margin: .1rem 0 .3rem; }
.data .data th { color: var(--soft); }
.data td, .data th { font-size: .8rem; font-weight: 400; padding: 0 1rem 0 0; border: 0; }
.numbers { margin-bottom: .5rem; }
.numbers td, .numbers th { font-size: .85rem; padding: .2rem .75rem .2rem 0; }
.whole-words { overflow-wrap: normal; }
.numbers .at { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.timeline { font-size: .85rem; }
.row { margin: .3rem 0; }
.row .label { display: flex; justify-content: space-between; gap: 1rem; }
.row .label span:last-child { color: var(--soft); white-space: nowrap; }
.track { display: block; width: 100%; height: .55rem; border-radius: .2rem; background: var(--line); }
.wait { fill: var(--wait); } .step { fill: var(--step); } .instant { fill: var(--instant); }
.bar { fill: var(--instant); } .reference { fill: var(--skipped); }
.key b { display: inline-block; width: .9rem; height: .55rem; border-radius: .2rem; }
.key .wait { background: var(--wait); } .key .step { background: var(--step); }
.key .instant { background: var(--instant); } .key .late { background: var(--fail); }
.scenario { fill: var(--soft); } .late { fill: var(--fail); }
details summary { cursor: pointer; color: var(--soft); font-size: .9rem; margin-top: .5rem; }
@media (max-width: 40rem) {
  th { white-space: normal; }
  .counts { grid-template-columns: repeat(2, 1fr); }
  .stack th, .stack td { display: block; padding-right: 0; }
  .stack td { border-top: 0; padding-top: 0; }
}
@media print {
  :root { --ground: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #bbb; }
  body { max-width: none; font-size: 10.5pt; padding: 0; }
  .card { break-inside: avoid-page; }
  .row, li, tr { break-inside: avoid; }
  .track, .track * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
`
