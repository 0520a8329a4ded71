/** In place of a customer who was forgotten. Nobody can be reached at it (RFC 2606), and nobody else has it. */
export function erasedCustomer(orderId: string): { email: string; name: null; phone: null } {
  return { email: `${orderId}${atNobody}`, name: null, phone: null };
}

export function isErasedCustomer({ email }: { email: string }): boolean {
  return email.endsWith(atNobody);
}

const atNobody = '@erased.invalid';
