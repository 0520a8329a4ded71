/** Days after its end that a batch keeps its rows and files, and an import its report. */
export const processRetentionDays = 30;
