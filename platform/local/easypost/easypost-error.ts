/** A request that EasyPost would answer with an error object (docs.easypost.com/errors). */
export class EasyPostError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}
