declare module 'role-based-email-addresses' {
  /** Local parts of addresses that name a post or a department. */
  const names: string[];
  export default names;
}
