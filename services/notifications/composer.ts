import type { KeptNotice } from '../../db/notifications/claims.ts';
import type { Kind, NoticeContent } from '../../domain/notifications/notice.ts';
import { composeBatchEnded } from './compose-batch.ts';
import {
  composeEndpointDisabled,
  composeMessageExhausted,
  composeMessageRecovered,
} from './compose-endpoint.ts';
import {
  composeEmailChange,
  composeInvitation,
  composePasswordReset,
  composeSecurityNotice,
  composeTest,
  composeVerification,
} from './compose-account.ts';
import { composeOrderNotice } from './compose-order.ts';
import type { ComposerParts } from './composer-parts.ts';

/** A notice in words, and where its mail goes. */
export interface Composed {
  content: NoticeContent;
  /** Null when whom it is for is not reached by mail any more. */
  address: string | null;
}

/** What composing needs to know of a notice. */
export type Composable = Pick<KeptNotice, 'tenantId' | 'kind' | 'userId' | 'subject' | 'data'>;

/** Finds the facts and puts them into words; null when there is nothing to tell any more. */
export type Compose = (parts: ComposerParts, notice: Composable) => Promise<Composed | null>;

const composers: Readonly<Record<Kind, Compose>> = {
  'account.verification': composeVerification,
  'account.password_reset': composePasswordReset,
  'account.email_change': composeEmailChange,
  'account.invitation': composeInvitation,
  'account.test': composeTest,
  'security.notice': composeSecurityNotice,
  'batch.ended': composeBatchEnded,
  'webhook.endpoint_disabled': composeEndpointDisabled,
  'webhook.message_exhausted': composeMessageExhausted,
  'webhook.message_recovered': composeMessageRecovered,
  'order.notice': composeOrderNotice,
};

/**
 * Puts notices into words when they go out, from what their domains know then. So nothing that a notice says is kept twice, what was
 * erased meanwhile is told to nobody, and links with secrets are in no table.
 */
export class Composer {
  readonly #parts: ComposerParts;

  constructor(parts: ComposerParts) {
    this.#parts = parts;
  }

  async compose(notice: Composable): Promise<Composed | null> {
    return await composers[notice.kind](this.#parts, notice);
  }
}
