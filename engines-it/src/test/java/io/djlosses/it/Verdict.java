/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.it;

import org.jspecify.annotations.Nullable;

/**
 * What became of a golden row in a test of all losses.
 *
 * @param fault what is wrong, or nothing
 * @param skipped why nothing was compared, or nothing
 */
record Verdict(@Nullable String fault, @Nullable String skipped) {

    static final Verdict PASSED = new Verdict(null, null);

    static Verdict of(@Nullable String fault) {
        return fault == null ? PASSED : new Verdict(fault, null);
    }

    static Verdict skipped(String why) {
        return new Verdict(null, why);
    }
}
