/** How the bar looks: for its own shadow tree, by constructed style sheet, which a content security policy lets through. */
export const BAR_STYLE = `
:host { all: initial; }
.bar {
  position: fixed; left: 0; right: 0; bottom: 0; z-index: 2147483000; box-sizing: border-box;
  padding: 6px 12px max(8px, env(safe-area-inset-bottom)); color: #e9edf7;
  background: rgba(14, 17, 27, 0.88); border-top: 1px solid rgba(255, 255, 255, 0.12);
  font: 500 13px/1.3 ui-sans-serif, system-ui, "DejaVu Sans", sans-serif; user-select: none;
}
.line { position: relative; }
.line canvas { display: block; width: 100%; height: 14px; }
.line input {
  display: block; width: 100%; height: 16px; margin: 0; accent-color: #6cc4ff; cursor: pointer;
}
.row { display: flex; align-items: center; gap: 8px; margin-top: 4px; }
output { min-width: 172px; font-variant-numeric: tabular-nums; }
span {
  flex: 1; min-width: 0; overflow: hidden; color: #9aa7c7; text-overflow: ellipsis; white-space: nowrap;
}
button, select {
  height: 28px; padding: 0 9px; color: inherit; background: rgba(255, 255, 255, 0.09);
  border: 1px solid rgba(255, 255, 255, 0.14); border-radius: 6px; font: inherit; cursor: pointer;
}
button:hover, select:hover { background: rgba(255, 255, 255, 0.18); }
select { max-width: 150px; }
option { color: #111; }
[data-part="play"] { min-width: 40px; }
label { display: flex; align-items: center; gap: 3px; cursor: pointer; }
label input { margin: 0; accent-color: #6cc4ff; }
@media (max-width: 640px) {
  [data-part="verdict"] { display: none; }
  .row { flex-wrap: wrap; justify-content: space-between; gap: 6px; }
}
`;
