/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.check;

import java.util.List;
import java.util.Map;

/**
 * The result of a {@link LossCheck}: all comparisons, and the engines that were skipped.
 *
 * @param loss the name of the loss
 * @param comparisons every comparison
 * @param skipped the engines that were not checked, with the reason
 */
public record Report(String loss, List<Comparison> comparisons, Map<String, String> skipped) {

    /**
     * Returns whether all comparisons passed.
     *
     * @return whether every comparison passed
     */
    public boolean passed() {
        return comparisons.stream().allMatch(Comparison::passed);
    }

    /**
     * Returns the comparisons that failed.
     *
     * @return the failures, empty if the check passed
     */
    public List<Comparison> failures() {
        return comparisons.stream().filter(comparison -> !comparison.passed()).toList();
    }

    /**
     * Throws an error if a comparison failed.
     *
     * @throws AssertionError with this report, if a comparison failed
     */
    public void assertPasses() {
        if (!passed()) {
            throw new AssertionError(toString());
        }
    }

    /** {@inheritDoc} */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("LossCheck of ").append(loss).append(": ");
        int failures = failures().size();
        text.append(failures == 0 ? "all" : failures + " of")
                .append(' ')
                .append(comparisons.size())
                .append(failures == 0 ? " comparisons passed" : " comparisons failed");
        for (Comparison comparison : comparisons) {
            text.append("\n  ").append(comparison);
        }
        skipped.forEach(
                (engine, reason) ->
                        text.append("\n  ").append(engine).append(" skipped: ").append(reason));
        return text.toString();
    }
}
