/** JSON that came back: tests look into it as deep as they like, and fail where it is not what they want. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Json = any;
