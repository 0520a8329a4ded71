/** The file in the data folder that tells other commands where the running system answers. */
export const addressesFile = 'addresses.json';

export interface Addresses {
  apiUrl: string;
  /** Null when Temporal is not ours. */
  temporalUiUrl: string | null;
}
