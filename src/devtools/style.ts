/** How the panel looks: for its own shadow tree, by a constructed style sheet, which a content security policy lets through. */
export const PANEL_STYLE = `
:host {
  all: initial; position: fixed; z-index: 2147482000; top: 0; left: 0; width: 340px; max-width: 100vw;
  max-height: 100%; display: flex; pointer-events: none;
}
:host([hidden]) { display: none; }
* { box-sizing: border-box; margin: 0; }
.panel {
  flex: 1; overflow-y: auto; overscroll-behavior: contain; pointer-events: auto; padding: 8px 12px 12px;
  color: #eef1f8; background: rgb(14 17 27 / 0.96); border: 1px solid rgb(255 255 255 / 0.14);
  border-radius: 0 0 10px 0; font: 12px/1.35 ui-sans-serif, system-ui, "DejaVu Sans", sans-serif;
  font-variant-numeric: tabular-nums; text-shadow: none; user-select: text;
}
header { display: flex; align-items: center; gap: 8px; }
header small { flex: 1; color: #9aa7c7; font-size: 11px; }
details { border-top: 1px solid rgb(255 255 255 / 0.12); padding: 4px 0 6px; }
summary { cursor: pointer; font-weight: 600; padding: 2px 0; }
canvas { display: block; width: 100%; height: 56px; background: rgb(0 0 0 / 0.35); border-radius: 4px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 10px; padding-top: 4px; }
dt { color: #9aa7c7; }
dd { text-align: right; overflow-wrap: anywhere; }
label { display: grid; grid-template-columns: 62px 1fr 56px; align-items: center; gap: 8px; color: #9aa7c7; }
label output { color: #eef1f8; text-align: right; }
input[type="range"] { width: 100%; height: 22px; margin: 0; accent-color: #56b4e9; }
button {
  min-width: 28px; min-height: 26px; padding: 0 8px; color: inherit; font: inherit; cursor: pointer;
  background: rgb(255 255 255 / 0.1); border: 1px solid rgb(255 255 255 / 0.2); border-radius: 6px;
}
:focus-visible { outline: 2px solid #ffd166; outline-offset: 1px; }
ol { list-style: none; padding: 4px 0 0; max-height: 84px; overflow-y: auto; }
li { display: grid; grid-template-columns: 58px 74px 1fr; gap: 6px; }
li span:first-child, .note { color: #9aa7c7; }
.table { max-height: 150px; overflow-y: auto; }
table { width: 100%; border-collapse: collapse; }
th { position: sticky; top: 0; background: #12151f; color: #9aa7c7; font-weight: 500; text-align: right; }
td { text-align: right; padding: 0 0 0 6px; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
td:first-child { max-width: 120px; overflow: hidden; text-overflow: ellipsis; }
td button { all: unset; cursor: pointer; }
td button:focus-visible { outline: 2px solid #ffd166; }
tr[aria-selected="true"] { background: rgb(86 180 233 / 0.28); }
.note { padding-top: 4px; font-size: 11px; }
@media (max-width: 560px) {
  :host { top: auto; bottom: 0; width: 100vw; max-height: 46%; }
  .panel { border-radius: 10px 10px 0 0; padding-bottom: max(12px, env(safe-area-inset-bottom)); }
}
`;
