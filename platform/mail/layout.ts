/** What a mail says. Plain text throughout: the layout escapes it. */
export interface MailContent {
  subject: string;
  paragraphs: readonly string[];
  /** Several things that it tells of, each with where it is found. */
  items?: readonly { title: string; text: string; url?: string }[];
  /** The one thing to do, if there is one. */
  action?: { label: string; url: string };
  /** Why the reader gets this mail, and what to do about it otherwise. */
  footer: string;
  /** Where the reader unsubscribes from mails of this kind. */
  unsubscribe?: { label: string; url: string };
}

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

/** Renders a mail as text and as HTML, both complete by themselves. */
export function renderMail(content: MailContent): RenderedMail {
  return { subject: content.subject, text: textOf(content), html: htmlOf(content) };
}

function textOf({ paragraphs, items = [], action, footer, unsubscribe }: MailContent): string {
  const parts = [
    ...paragraphs,
    ...items.map(({ title, text, url }) => [`* ${title}`, text, ...(url ? [url] : [])].join('\n  ')),
    ...(action ? [`${action.label}:\n${action.url}`] : []),
    [`-- \n${footer}`, ...(unsubscribe ? [`${unsubscribe.label}: ${unsubscribe.url}`] : [])].join('\n'),
  ];
  return `${parts.join('\n\n')}\n`;
}

function htmlOf({ subject, paragraphs, items = [], action, footer, unsubscribe }: MailContent): string {
  const small = (inner: string): string => `<p style="color:#666;font-size:smaller">${inner}</p>`;
  const body = [
    ...paragraphs.map((paragraph) => `<p>${lines(paragraph)}</p>`),
    ...items.map(({ title, text, url }) => {
      const heading = url ? link(url, title) : escapeHtml(title);
      return `<p><strong>${heading}</strong><br>${lines(text)}</p>`;
    }),
    ...(action ? [`<p>${link(action.url, action.label)}</p>`] : []),
    small(escapeHtml(footer)),
    ...(unsubscribe ? [small(link(unsubscribe.url, unsubscribe.label))] : []),
  ].join('\n');
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(subject)}</title></head>
<body style="font-family:sans-serif;max-width:36em;line-height:1.5">
${body}
</body></html>
`;
}

function link(url: string, label: string): string {
  return `<a href="${escapeHtml(url)}">${escapeHtml(label)}</a>`;
}

function lines(text: string): string {
  return escapeHtml(text).replaceAll('\n', '<br>');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
