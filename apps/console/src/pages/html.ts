/** The text where HTML has it. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}

const styles = `
:root { color-scheme: light dark; --text: #1a1b1e; --ground: #f6f7f9; --card: #fff; --line: #868e96; --act: #1864ab; --wrong: #a51111; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e9ecef; --ground: #141517; --card: #1f2023; --line: #909296; --act: #74c0fc; --wrong: #ff9c9c; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 16px; background: var(--ground);
  color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 400px; padding: 24px; background: var(--card); border-radius: 8px; }
h1 { margin: 0 0 12px; font-size: 22px; line-height: 1.3; }
label { display: block; margin-bottom: 4px; font-weight: 600; }
input, button { width: 100%; padding: 10px 12px; border-radius: 4px; font: inherit; }
input { border: 1px solid var(--line); background: var(--ground); color: var(--text); }
button { margin-top: 16px; border: 1px solid var(--act); background: var(--act); color: var(--card); font-weight: 600; cursor: pointer; }
:focus-visible { outline: 2px solid var(--act); outline-offset: 2px; }
a { color: var(--act); }
.wrong { color: var(--wrong); }`

/**
 * A page without any script.
 * @param nonce - allows its styles
 * @param body - HTML: what is in it of others must have been escaped
 */
export function page(nonce: string, title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · BMDB</title>
<style nonce="${nonce}">${styles}
</style>
</head>
<body>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
</body>
</html>
`
}
