/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import org.jspecify.annotations.Nullable;

import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
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
        // As if in a list, because it may be an array.
        String text = Arrays.deepToString(new Object[] {value});
        return text.contains("\n")
                ? value.getClass().getSimpleName()
                : text.substring(1, text.length() - 1);
    }

    /** Returns the options that have been set, with copies of the arrays. */
    Map<String, Object> copies() {
        Map<String, Object> copies = new LinkedHashMap<>(set);
        copies.replaceAll(
                (option, value) ->
                        value instanceof double[] numbers
                                ? numbers.clone()
                                : value instanceof long[] indices ? indices.clone() : value);
        return Collections.unmodifiableMap(copies);
    }

    /**
     * Returns whether a loss with other options computes the same: the common options are equal,
     * set or not, and so are the contents of its own ones, in whatever order they were set.
     */
    boolean isLike(LossOptions other) {
        Set<String> own = own();
        return reduction == other.reduction
                && emptyPolicy == other.emptyPolicy
                && sampleWeighting == other.sampleWeighting
                && own.equals(other.own())
                && own.stream()
                        .allMatch(
                                option ->
                                        Objects.deepEquals(set.get(option), other.set.get(option)));
    }

    private Set<String> own() {
        Set<String> own = new HashSet<>(set.keySet());
        for (RecordComponent common : LossOptions.class.getRecordComponents()) {
            own.remove(common.getName());
        }
        return own;
    }
}
