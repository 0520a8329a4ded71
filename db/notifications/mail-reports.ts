import { v7 as uuidv7 } from 'uuid';
import type { Category } from '../../domain/notifications/categories.ts';
import { isErasedAddress } from '../../domain/notifications/erased-address.ts';
import { suppressionFor, type MailReport } from '../../domain/notifications/mail-report.ts';
import type { Transaction } from '../database.ts';
import type { Sql } from '../sql.ts';
import { suppress } from './suppressions.ts';

/** What a report has led to: the address gets no more mails, it is only noted, or it was told before. */
export type ReportOutcome = 'suppressed' | 'noted' | 'again';

interface ReportedMail {
  tenantId: string;
  category: Category;
  /** Null when nothing is known of where it went. */
  addressId: string | null;
}

/**
 * Writes down what is told of a mail. The report, the entry of the suppression list and the event are one transaction. Told again it
 * changes nothing, so an address that was taken off the list stays off it.
 *
 * @returns null when the mail is not known any more
 */
export async function takeReport(
  transaction: Transaction,
  deliveryId: string,
  report: Omit<MailReport, 'names'>,
): Promise<ReportOutcome | null> {
  const { sql, publish } = transaction;
  const known = await findMail(sql, deliveryId, '');
  if (!known) return null;
  // Whoever forgets an address locks it first, and its mails then: so in this order here as well.
  const address = known.addressId && (await addressOf(sql, known.addressId));
  const mail = await findMail(sql, deliveryId, 'for no key update');
  if (!mail) return null;
  const { tenantId, addressId } = mail;
  const speaksOfNobody = address === null || isErasedAddress(address);
  const detail = speaksOfNobody ? null : report.detail;
  const [made] = await sql(
    `insert into notifications.mail_reports (id, tenant_id, delivery_id, kind, status, detail)
     values ($1, $2, $3, $4, $5, $6) on conflict (delivery_id, kind) do nothing returning id`,
    [uuidv7(), tenantId, deliveryId, report.kind, report.status, detail],
  );
  if (!made) return 'again';
  const reason = suppressionFor(report.kind);
  const suppresses = reason !== null && addressId !== null;
  if (suppresses)
    await suppress(transaction, {
      tenantId,
      addressId,
      category: null,
      reason,
      detail,
      reported: true,
      createdBy: null,
    });
  await publish({
    type: 'notification.delivery_reported',
    tenantId,
    subject: `notification-delivery:${deliveryId}`,
    data: {
      delivery_id: deliveryId,
      channel: 'email',
      category: mail.category,
      kind: report.kind,
      status: report.status,
    },
  });
  return suppresses ? 'suppressed' : 'noted';
}

async function findMail(
  sql: Sql,
  deliveryId: string,
  lock: '' | 'for no key update',
): Promise<ReportedMail | null> {
  const [mail] = await sql<ReportedMail>(
    `select tenant_id as "tenantId", category, address_id as "addressId" from notifications.deliveries
     where id = $1 and channel = 'email' ${lock}`,
    [deliveryId],
  );
  return mail ?? null;
}

async function addressOf(sql: Sql, addressId: string): Promise<string | null> {
  const [row] = await sql<{ address: string }>(
    'select address from notifications.addresses where id = $1 for key share',
    [addressId],
  );
  return row?.address ?? null;
}
