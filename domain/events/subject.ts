/** The ID in what an event is about: of `batch:<uuid>` the `<uuid>`. */
export function subjectId(subject: string): string {
  return subject.slice(subject.indexOf(':') + 1);
}
