/** Fields of a form as Stripe nests them: `a[b][c]=1`, `a[]=1`, `a[0]=1`. */
export type FormValue = string | FormObject;
export interface FormObject {
  [name: string]: FormValue;
}

/** Reads a form or a query. Lists become objects with numbers for names. */
export function readForm(parameters: URLSearchParams): FormObject {
  const root: FormObject = Object.create(null) as FormObject;
  for (const [name, value] of parameters) {
    const names = [...name.matchAll(/[^[\]]+|\[\]/g)].map(([part]) => part);
    let at = root;
    names.forEach((part, index) => {
      const own = part === '[]' ? String(Object.keys(at).length) : part;
      if (index === names.length - 1) {
        at[own] = value;
        return;
      }
      const next = at[own];
      if (next === undefined || typeof next === 'string') at[own] = Object.create(null) as FormObject;
      at = at[own] as FormObject;
    });
  }
  return root;
}
