/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import java.util.function.Function;

/**
 * The builder of a loss that has only the common options.
 *
 * <pre>{@code
 * public static SimpleBuilder<L1Loss> builder() {
 *     return new SimpleBuilder<>("L1Loss", L1Loss::new);
 * }
 * }</pre>
 *
 * @param <L> the loss
 */
public final class SimpleBuilder<L> extends LossBuilder<L, SimpleBuilder<L>> {

    /**
     * Creates a builder.
     *
     * @param name the default display name, which is the simple name of the class
     * @param constructor creates the loss from the builder
     */
    public SimpleBuilder(String name, Function<? super SimpleBuilder<L>, ? extends L> constructor) {
        super(name, constructor);
    }
}
