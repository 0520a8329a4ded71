/** What a mail says. Plain text throughout: the layout escapes it. */
export interface MailContent {
  subject: string;
  paragraphs: readonly string[];
  /** The one thing to do, if there is one. */
  action?: { label: string; url: string };
  /** Why the reader gets this mail, and what to do about it otherwise. */
  footer: string;
}

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** Renders a mail as text and as HTML, both complete by themselves. */
export function renderMail(content: MailContent): RenderedMail {
  const { subject, paragraphs, action, footer } = content;
  const text = [...paragraphs, ...(action ? [`${action.label}:\n${action.url}`] : []), `-- \n${footer}`].join(
    '\n\n',
  );
  const body = [
    ...paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    ...(action ? [`<p><a href="${escapeHtml(action.url)}">${escapeHtml(action.label)}</a></p>`] : []),
    `<p style="color:#666;font-size:smaller">${escapeHtml(footer)}</p>`,
  ].join('\n');
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="font-family:sans-serif;max-width:36em;line-height:1.5">
${body}
</body></html>
`;
  return { subject, text: `${text}\n`, html };
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
