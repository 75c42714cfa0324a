/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import java.util.Objects;

/**
 * The options that every loss has. The builder of a loss extends this and adds its own.
 *
 * <p>A loss that is made with a builder computes the same from the same arrays for as long as it
 * lives: some engines record its formula and {@linkplain io.djlosses.nd.Recorder run it as a
 * graph}. What is drawn or computed in Java anew each time goes through {@code Recorder.prepare}.
 *
 * @param <T> the builder's own type
 */
public abstract class LossBuilder<T extends LossBuilder<T>> {

    /** The display name; messages of the builder begin with it. */
    protected String name;

    Reduction reduction = Reduction.MEAN;
    EmptyPolicy emptyPolicy = EmptyPolicy.NAN;
    Validation validation = Validation.INDICES;
    SampleWeighting sampleWeighting = SampleWeighting.NONE;
    boolean labelGradient;
    Reading reading = Reading.AUTO;

    /**
     * Makes a builder.
     *
     * @param name the default display name, which is the simple name of the class
     */
    protected LossBuilder(String name) {
        this.name = name;
    }

    /**
     * Returns this builder in its own type.
     *
     * @return this {@code Builder}
     */
    protected abstract T self();

    /**
     * Sets the display name (default the simple name of the class). A trainer keys its metrics by
     * it, so two losses in one trainer need two names.
     *
     * @param name the display name
     * @return this {@code Builder}
     */
    public T optName(String name) {
        this.name = Objects.requireNonNull(name, "name");
        return self();
    }

    /**
     * Sets how the values become the result (default {@link Reduction#MEAN}, if the loss does not
     * say otherwise).
     *
     * @param reduction the reduction
     * @return this {@code Builder}
     */
    public T optReduction(Reduction reduction) {
        this.reduction = Objects.requireNonNull(reduction, "reduction");
        return self();
    }

    /**
     * Sets what a mean over nothing is (default {@link EmptyPolicy#NAN}, as in PyTorch).
     *
     * @param emptyPolicy the policy
     * @return this {@code Builder}
     */
    public T optEmptyPolicy(EmptyPolicy emptyPolicy) {
        this.emptyPolicy = Objects.requireNonNull(emptyPolicy, "emptyPolicy");
        return self();
    }

    /**
     * Sets how closely the data are checked (default {@link Validation#INDICES}).
     *
     * @param validation the validation
     * @return this {@code Builder}
     */
    public T optValidation(Validation validation) {
        this.validation = Objects.requireNonNull(validation, "validation");
        return self();
    }

    /**
     * Says that the labels end with an array of weights or a mask (default {@link
     * SampleWeighting#NONE}: they do not).
     *
     * @param sampleWeighting what that array means
     * @return this {@code Builder}
     */
    public T optSampleWeighting(SampleWeighting sampleWeighting) {
        this.sampleWeighting = Objects.requireNonNull(sampleWeighting, "sampleWeighting");
        return self();
    }

    /**
     * Lets the gradient flow into the labels too, as distillation needs (default false: labels are
     * constants, which is faster).
     *
     * @param labelGradient whether labels receive a gradient
     * @return this {@code Builder}
     */
    public T optLabelGradient(boolean labelGradient) {
        this.labelGradient = labelGradient;
        return self();
    }

    /**
     * Sets how a sum or mean is computed (default {@link Reading#AUTO}); for tests and benchmarks.
     *
     * @param reading the reading
     * @return this {@code Builder}
     */
    public T optReading(Reading reading) {
        this.reading = Objects.requireNonNull(reading, "reading");
        return self();
    }
}
