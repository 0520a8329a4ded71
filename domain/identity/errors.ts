export const identityErrors = {
  'identity.unauthenticated': 'unauthorized',
  'identity.forbidden': 'forbidden',
} as const;
