/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import org.jspecify.annotations.Nullable;

import java.util.Arrays;
import java.util.Map;
import java.util.StringJoiner;

/**
 * The options that every loss has, and the list of all options that have been set.
 *
 * @param only the only reading to use besides the formula, or null for all
 * @param set the names and values of the options that have been set on the builder, in order
 */
record LossOptions(
        Reduction reduction,
        EmptyPolicy emptyPolicy,
        Validation validation,
        SampleWeighting sampleWeighting,
        boolean labelGradient,
        Reading.@Nullable Kind only,
        Map<String, Object> set) {

    /** Lists the options that have been set, such as {@code (delta=2.0, reduction=SUM)}. */
    String list() {
        StringJoiner list = new StringJoiner(", ", "(", ")");
        list.setEmptyValue("");
        set.forEach((option, value) -> list.add(option + "=" + text(value)));
        return list.toString();
    }

    private static String text(Object value) {
        return value instanceof double[] numbers ? Arrays.toString(numbers) : String.valueOf(value);
    }
}
