import { personOfUser } from '../../db/identity/mail-facts.ts';
import { noteAddress, noticesOf, type ClaimedMail } from '../../db/notifications/claims.ts';
import { PreferencesRepository } from '../../db/notifications/preferences.repository.ts';
import type { AttemptOutcome, MailResult } from '../../db/notifications/results.ts';
import { addressIdOf, suppressionsOfAddress } from '../../db/notifications/suppressions.ts';
import { canUnsubscribe, categoryRules, type Category } from '../../domain/notifications/categories.ts';
import { ErasedAddresses } from '../../domain/notifications/erased-address.ts';
import { gatheredMail, type GatheredNotice } from '../../domain/notifications/gathered-mail.ts';
import { settlementOf, type MailOutcome } from '../../domain/notifications/mail-outcome.ts';
import { MailTokens } from '../../domain/notifications/mail-tokens.ts';
import { admit, type Wishes } from '../../domain/notifications/plan.ts';
import { wishesOf } from '../../domain/notifications/preferences.ts';
import { suppressing } from '../../domain/notifications/suppression.ts';
import { UnsubscribeTokens } from '../../domain/notifications/unsubscribe-tokens.ts';
import { renderMail, type MailContent } from '../../platform/mail/layout.ts';
import type { Mailer } from '../../platform/mail/mailer.ts';
import { Composer } from './composer.ts';
import type { ComposerParts } from './composer-parts.ts';

/** A mail whose time has not come: it is put back. */
export interface Held {
  until: Date;
}

/** Sends mails that are claimed, one attempt each, and tells what came of it. */
export class MailSender {
  readonly #parts: ComposerParts & { mailer: Mailer };
  readonly #composer: Composer;
  readonly #tokens: UnsubscribeTokens;
  readonly #names: MailTokens;
  readonly #erased: ErasedAddresses;

  constructor(parts: ComposerParts & { mailer: Mailer }) {
    this.#parts = parts;
    this.#composer = new Composer(parts);
    this.#tokens = new UnsubscribeTokens(parts.config.ENCRYPTION_KEYS);
    this.#names = new MailTokens(parts.config.ENCRYPTION_KEYS);
    this.#erased = new ErasedAddresses(parts.config.ENCRYPTION_KEYS);
  }

  async send(mail: ClaimedMail): Promise<MailResult | Held> {
    const began = performance.now();
    const end = (told: Partial<MailResult>): MailResult => ({
      mail,
      outcome: 'skipped',
      milliseconds: Math.round(performance.now() - began),
      status: null,
      answer: null,
      addressId: null,
      state: 'skipped',
      waitMs: 0,
      bounced: false,
      ...told,
    });
    const wishes = await this.#wishes(mail);
    const admission = admit(mail, wishes, new Date());
    if (!admission.send) {
      return 'until' in admission
        ? { until: admission.until }
        : end({ answer: 'Its reader wants no such mails any more.' });
    }
    const written = await this.#write(mail, wishes.timeZone);
    if (written === null) return end({ answer: 'There is nothing to tell any more, or nobody.' });
    const { content, address } = written;
    const { addressId, heldBackBy } = await this.#lookUp(mail, address);
    if (heldBackBy) return end({ outcome: 'suppressed', state: 'suppressed', addressId, answer: heldBackBy });
    const oneClickUrl = addressId === null ? null : this.#unsubscribeUrl(addressId, mail);
    const outcome = await this.#parts.mailer.send({
      to: address,
      // Sent again it bears the same name, by which the reader's program knows it.
      id: this.#names.issue(mail.id),
      ...renderMail(oneClickUrl ? { ...content, unsubscribe: linkOf(oneClickUrl, mail.category) } : content),
      ...(oneClickUrl ? { oneClickUrl } : {}),
    });
    return end({ ...resultOf(mail, outcome), addressId });
  }

  async #wishes({ tenantId, userId }: ClaimedMail): Promise<Wishes> {
    const { database } = this.#parts;
    const person =
      userId === null ? null : await database.read('identity', ({ sql }) => personOfUser(sql, userId));
    return await database.read('notifications', async ({ sql }) => {
      const preferences = new PreferencesRepository(sql, tenantId);
      const { settings: organisation } = await preferences.ofOrganisation();
      const personal = userId === null ? null : (await preferences.ofUser(userId)).settings;
      return wishesOf(personal, organisation, person?.timeZone ?? null);
    });
  }

  /** Null when nothing is left to tell, or nobody to tell it to. */
  async #write(mail: ClaimedMail, zone: string): Promise<{ content: MailContent; address: string } | null> {
    const { notices, count } = await this.#parts.database.read('notifications', ({ sql }) =>
      noticesOf(sql, mail.id),
    );
    const composed: GatheredNotice[] = [];
    let address: string | null = null;
    for (const notice of notices) {
      const one = await this.#composer.compose(notice);
      if (!one) continue;
      address = one.address;
      composed.push({ content: one.content, occurredAt: notice.occurredAt });
    }
    if (composed.length === 0 || address === null) return null;
    const waiting = count - (notices.length - composed.length);
    return { content: gatheredMail(mail.category, composed, waiting, zone), address };
  }

  async #lookUp(
    mail: ClaimedMail,
    address: string,
  ): Promise<{ addressId: string | null; heldBackBy: string | null }> {
    const { tenantId, userId } = mail;
    // Nothing holds these back, so nothing needs to be known of where they go.
    if (categoryRules[mail.category].heldBackBy === 'nothing') return { addressId: null, heldBackBy: null };
    return await this.#parts.database.transaction('notifications', async ({ sql }) => {
      const spellings = this.#erased.spellingsOf(tenantId, address);
      const addressId = await addressIdOf(sql, tenantId, spellings, userId);
      await noteAddress(sql, mail, addressId);
      const entry = suppressing(await suppressionsOfAddress(sql, addressId), mail);
      return { addressId, heldBackBy: entry && `The address is on the suppression list: ${entry.reason}.` };
    });
  }

  /** Null where unsubscribing would change nothing. */
  #unsubscribeUrl(addressId: string, { category, critical }: ClaimedMail): string | null {
    if (critical || !canUnsubscribe(category)) return null;
    const token = this.#tokens.issue(addressId, category);
    return new URL(`/unsubscribe/${token}`, this.#parts.config.PUBLIC_URL).href;
  }
}

function linkOf(url: string, category: Category): { label: string; url: string } {
  return { label: `No more mails of this kind (${categoryRules[category].title})`, url };
}

const outcomeName: Readonly<Record<MailOutcome['kind'], AttemptOutcome>> = {
  sent: 'sent',
  deferred: 'deferred',
  refused: 'refused',
  unreachable: 'unreachable',
  unknown: 'unknown',
};

function resultOf(mail: ClaimedMail, outcome: MailOutcome): Partial<MailResult> {
  const history = {
    deferred: mail.deferred + 1,
    unknown: mail.unknown + 1,
    unreachable: mail.unreachable + 1,
    ageMs: mail.claimedAt.getTime() - mail.createdAt.getTime(),
  };
  const settlement = settlementOf(outcome, history, Math.random());
  return {
    outcome: outcomeName[outcome.kind],
    status: 'status' in outcome ? outcome.status : null,
    answer: 'status' in outcome ? outcome.answer : outcome.problem,
    state: settlement.state,
    waitMs: settlement.state === 'pending' ? settlement.waitMs : 0,
    bounced: 'suppress' in settlement,
  };
}
