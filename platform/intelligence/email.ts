import { disposableEmailBlocklistSet } from 'disposable-email-domains-js';
import roleNames from 'role-based-email-addresses';
import type { NormalisedEmail } from '../../domain/search/email.ts';
import { freeMailDomains } from './free-mail-domains.ts';

/** What an address itself tells. Nothing in it says who reads the mailbox, or whether it exists. */
export interface EmailFacts {
  about: 'the address itself, not its owner';
  address: string;
  /** The key of comparison: addresses with one key reach one mailbox. */
  key: string;
  domain: string;
  /** The domain belongs to a service for throw-away addresses. */
  disposable: boolean;
  /** The local part names a post rather than a person (`sales@`, `postmaster@`). */
  role: boolean;
  /** Anybody can open a mailbox at the domain. */
  free_provider: boolean;
}

// The package builds its set of 8,883 domains anew at every call.
const disposableDomains = disposableEmailBlocklistSet();
const roles: ReadonlySet<string> = new Set(roleNames);

/** Facts about an address, from lists in the process: no network, so nothing about MX records or existence. */
export function emailFacts(email: NormalisedEmail): EmailFacts {
  return {
    about: 'the address itself, not its owner',
    address: email.address,
    key: email.key,
    domain: email.domain,
    disposable: isDisposable(email.domain),
    role: isRole(email.local),
    free_provider: freeMailDomains.has(email.domain),
  };
}

/** Listed, or below a listed domain: these services hand out any subdomain. */
function isDisposable(domain: string): boolean {
  const labels = domain.split('.');
  return labels.slice(0, -1).some((_, index) => disposableDomains.has(labels.slice(index).join('.')));
}

function isRole(local: string): boolean {
  const [name = ''] = local.toLowerCase().split('+');
  return roles.has(name);
}
