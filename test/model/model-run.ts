import { violations } from './invariants.ts'
import { newModel } from './model.ts'
import { shown, type Operation } from './operations.ts'
import { rules as theRules, type Rules } from './rules.ts'
import { step } from './step.ts'

/**
 * Runs a sequence on the model alone, and what is left open to its end.
 * @throws where an invariant does not hold after a step
 */
export function runOnModel(operations: readonly Operation[], rules: Rules = theRules): void {
  let model = newModel()
  let number = 0
  const take = (operation: Operation): void => {
    number += 1
    const { model: after } = step(model, operation, number, rules)
    const found = violations(model, after)
    if (found.length > 0) throw new Error(`after ${number} ${shown(operation)}: ${found.join('; ')}`)
    model = after
  }
  for (const operation of operations) take(operation)
  while (model.open.length > 0) take({ do: 'go on', which: 0 })
}
