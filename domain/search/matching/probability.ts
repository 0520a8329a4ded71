/**
 * From bits to probability. By theory (Fellegi and Sunter) the odds are 2^(weight) times the odds before any evidence.
 * Fields are never quite independent, so sums of bits claim too much on both sides: `slope` shrinks them, and `shift`
 * (bits) moves them. Chosen on the development sets together, see docs/matching.md; `npm run bench:match` prints what
 * logistic regression would still correct.
 */
const calibration = { slope: 0.85, shift: -0.9 };

/** From this probability on, a person counts as found. Above one half, because a wrong person is worse than none. */
export const defaultMatchProbability = 0.6;

/**
 * The fewest people the odds reckon with. That somebody is asked for in a record set of three people doesn't make each
 * of them the person meant with a chance of one in three.
 */
export const leastPopulation = 300;

/** The odds that a pair with this weight is one person, when one of `population` people may be meant. */
export function matchOdds(weight: number, population: number): number {
  const prior = Math.log2(population);
  return 2 ** Math.max(-60, Math.min(60, calibration.slope * (weight - prior) + calibration.shift));
}

/**
 * The probability that each candidate is the person meant, given that at most one of the distinct people is: a rival as
 * good as the best halves its probability. As far as two candidates are one person (duplicates in the records), they are
 * no rivals.
 *
 * @param odds of each candidate, best first
 * @param samePerson the probability, 0 to 1, that two candidates are one person
 */
export function posteriors(
  odds: readonly number[],
  samePerson: (left: number, right: number) => number,
): number[] {
  return odds.map((own, index) => {
    let probability = own / (1 + own);
    odds.forEach((other, rival) => {
      if (rival === index || other < leastRival || other < own * leastRival) return;
      const same = samePerson(index, rival);
      probability *= same + ((1 - same) * (1 + own)) / (1 + own + other);
    });
    return probability;
  });
}

/**
 * What one record doesn't tell, another of the same person may: if A is the person meant, and B is the same person as A,
 * then B is, too. Raises probabilities, never lowers them.
 *
 * @param probabilities of the candidates, best first
 * @param samePerson the probability, 0 to 1, that two candidates are one person
 */
export function withWitnesses(
  probabilities: readonly number[],
  samePerson: (left: number, right: number) => number,
): number[] {
  const witnesses = probabilities.slice(0, mostWitnesses).flatMap((own, index) => (own > 0.5 ? [index] : []));
  return probabilities.map((own, index) => {
    let best = own;
    for (const witness of witnesses) {
      const trust = probabilities[witness] ?? 0;
      if (witness !== index && trust > best) best = Math.max(best, trust * samePerson(index, witness));
    }
    return best;
  });
}

const mostWitnesses = 4;

/** Odds, and odds in proportion, below which a rival doesn't matter. */
const leastRival = 0.01;
