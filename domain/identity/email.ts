/** The form under which an address is an account: trimmed, NFC, lower case. Two spellings of it are one account. */
export function accountEmail(address: string): string {
  return address.trim().normalize('NFC').toLowerCase();
}
