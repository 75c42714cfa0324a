/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import org.jspecify.annotations.Nullable;

/** Which reading of a loss is to serve, where it can. */
public enum Choice {
    AUTO(null),
    FORMULA(Reading.Kind.FORMULA),
    CLOSED_FORM(Reading.Kind.CLOSED_FORM),
    SCRIPT(Reading.Kind.SCRIPT),
    GRAPH(Reading.Kind.GRAPH);

    private final Reading.@Nullable Kind kind;

    Choice(Reading.@Nullable Kind kind) {
        this.kind = kind;
    }

    /** Makes a builder's loss choose so. */
    public void applyTo(LossBuilder<?, ?> builder) {
        builder.only(kind);
    }

    /** Builds a loss that chooses so. */
    public <L> L build(LossBuilder<L, ?> builder) {
        builder.only(kind);
        return builder.build();
    }
}
