import { Readable } from 'node:stream';
import validator from 'validator';
import type { Reply } from '../route.ts';

const { escape } = validator;

/** A mail in both of its forms. */
export function mailBody(mail: { text: string; html: string | null }): string {
  const html =
    mail.html === null ? '' : `<h2>HTML</h2><iframe sandbox="" srcdoc="${escape(mail.html)}"></iframe>`;
  return `<h2>Text</h2><pre>${escape(mail.text)}</pre>${html}`;
}

/** Mails are foreign text: no script runs on the page. */
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'";

/** A page of the development routes. */
export function page(title: string, body: string): Reply {
  const html = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${escape(title)}</title>
    <style>body{font-family:system-ui;margin:2rem;max-width:70rem}td,th{text-align:left;padding:.3rem 1rem .3rem 0}
    pre{white-space:pre-wrap;background:#f4f4f4;padding:1rem}iframe{width:100%;height:30rem;border:1px solid #ccc}</style>
    </head><body><h1>${escape(title)}</h1>${body}</body></html>`;
  return {
    status: 200,
    headers: { 'Content-Security-Policy': pagePolicy },
    stream: { content: Readable.from([html]), mediaType: 'text/html; charset=utf-8' },
  };
}
