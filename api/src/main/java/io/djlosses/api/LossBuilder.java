/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.api;

import org.jspecify.annotations.Nullable;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * The builder of a loss, with the options that every loss has. A loss with further options extends
 * this class and adds them; a loss without further options uses a {@link SimpleBuilder}.
 *
 * <pre>{@code
 * public static final class Builder extends LossBuilder<HuberLoss, Builder> {
 *
 *     private double delta = 1;
 *
 *     Builder() {
 *         super("HuberLoss", HuberLoss::new);
 *     }
 *
 *     public Builder optDelta(double delta) {
 *         this.delta = positive("delta", delta);
 *         return this;
 *     }
 * }
 * }</pre>
 *
 * @param <L> the loss
 * @param <T> the type of the builder itself
 */
public abstract class LossBuilder<L, T extends LossBuilder<L, T>> {

    /** The display name; messages of the builder begin with it. */
    protected String name;

    private final Function<? super T, ? extends L> constructor;
    private final Map<String, Object> set = new LinkedHashMap<>();
    private final Map<String, double[]> weights = new LinkedHashMap<>();
    private Reduction reduction = Reduction.MEAN;
    private EmptyPolicy emptyPolicy = EmptyPolicy.NAN;
    private Validation validation = Validation.INDICES;
    private SampleWeighting sampleWeighting = SampleWeighting.NONE;
    private boolean labelGradient;
    private Reading.@Nullable Kind only;

    /**
     * Creates a builder.
     *
     * @param name the default display name, which is the simple name of the class
     * @param constructor creates the loss from the builder
     */
    protected LossBuilder(String name, Function<? super T, ? extends L> constructor) {
        this.name = name;
        this.constructor = constructor;
    }

    /**
     * Builds the loss.
     *
     * @return the loss
     */
    public L build() {
        return constructor.apply(self());
    }

    /**
     * Returns this builder, typed as its own class.
     *
     * @return this {@code Builder}
     */
    @SuppressWarnings("unchecked") // T is the type of this builder
    protected final T self() {
        return (T) this;
    }

    /**
     * Sets the display name (default: the simple name of the class). A trainer uses it as the key
     * of its metrics, so two losses in one trainer need different names.
     *
     * @param name the display name
     * @return this {@code Builder}
     */
    public T optName(String name) {
        this.name = Objects.requireNonNull(name, "name");
        return self();
    }

    /**
     * Sets how the unreduced values become the result (default {@link Reduction#MEAN}, unless the
     * loss documents another).
     *
     * @param reduction the reduction
     * @return this {@code Builder}
     */
    public T optReduction(Reduction reduction) {
        this.reduction = set("reduction", reduction);
        return self();
    }

    /**
     * Sets the value of a mean when there is nothing to average (default {@link EmptyPolicy#NAN},
     * as in PyTorch).
     *
     * @param emptyPolicy the policy
     * @return this {@code Builder}
     */
    public T optEmptyPolicy(EmptyPolicy emptyPolicy) {
        this.emptyPolicy = set("emptyPolicy", emptyPolicy);
        return self();
    }

    /**
     * Sets how strictly the data are checked (default {@link Validation#INDICES}).
     *
     * @param validation the validation
     * @return this {@code Builder}
     */
    public T optValidation(Validation validation) {
        this.validation = set("validation", validation);
        return self();
    }

    /**
     * Sets whether the last array of the labels holds weights or a mask (default {@link
     * SampleWeighting#NONE}: neither).
     *
     * @param sampleWeighting the meaning of that array
     * @return this {@code Builder}
     */
    public T optSampleWeighting(SampleWeighting sampleWeighting) {
        this.sampleWeighting = set("sampleWeighting", sampleWeighting);
        return self();
    }

    /**
     * Sets whether the gradient also flows into the labels, which distillation needs (default
     * false: labels are constants, which is faster).
     *
     * @param labelGradient whether labels receive a gradient
     * @return this {@code Builder}
     */
    public T optLabelGradient(boolean labelGradient) {
        this.labelGradient = set("labelGradient", labelGradient);
        return self();
    }

    /** Allows only one reading besides the formula, for every size; for tests and benchmarks. */
    void only(Reading.@Nullable Kind kind) {
        only = kind;
    }

    // ------------------------------------------------------------------ for subclasses

    /**
     * Changes the defaults of the loss. The subclass calls this in its constructor.
     *
     * @param defaultReduction the default reduction
     * @param defaultEmptyPolicy the default policy
     */
    protected final void defaults(Reduction defaultReduction, EmptyPolicy defaultEmptyPolicy) {
        reduction = defaultReduction;
        emptyPolicy = defaultEmptyPolicy;
    }

    /**
     * Records that an option has been set, for {@link AbstractLoss#getOptions} and {@code
     * toString}.
     *
     * @param <V> the type of the value
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    protected final <V> V set(String option, V value) {
        set.put(option, Objects.requireNonNull(value, option));
        return value;
    }

    /**
     * Checks and records an option that must be greater than 0.
     *
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    protected final double positive(String option, double value) {
        return set(option, Checks.positive(name, option, value));
    }

    /**
     * Checks and records an option that must be at least 0.
     *
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    protected final double notNegative(String option, double value) {
        return set(option, Checks.notNegative(name, option, value));
    }

    /**
     * Checks and records an option that must be finite.
     *
     * @param option the name of the option
     * @param value its value
     * @return the value
     */
    protected final double finite(String option, double value) {
        return set(option, Checks.finite(name, option, value));
    }

    /**
     * Checks and records an option that must lie in a closed interval.
     *
     * @param option the name of the option
     * @param value its value
     * @param min the smallest value
     * @param max the largest value
     * @return the value
     */
    protected final double range(String option, double value, double min, double max) {
        return set(option, Checks.range(name, option, value, min, max));
    }

    /**
     * Checks, copies and records an option that is a list of weights. Negative ones are rejected
     * when the loss is built, if it is to validate strictly.
     *
     * @param option the name of the option
     * @param values the weights, finite
     * @return a copy of the weights
     */
    protected final double[] weights(String option, double... values) {
        double[] copy = set(option, Checks.weights(name, option, values));
        weights.put(option, copy);
        return copy;
    }

    /**
     * Records an option that must meet a requirement.
     *
     * @param <V> the type of the value
     * @param option the name of the option
     * @param value its value
     * @param valid whether it meets the requirement
     * @param requirement the requirement, phrased to follow "must", such as "be at least 1"
     * @return the value
     */
    protected final <V> V require(String option, V value, boolean valid, String requirement) {
        Checks.require(valid, name, option, requirement, value);
        if (value instanceof Double number) {
            Checks.normal(name, option, number);
        }
        return set(option, value);
    }

    LossOptions options() {
        if (validation == Validation.STRICT) {
            weights.forEach(this::requireNotNegative);
        }
        return new LossOptions(
                reduction,
                emptyPolicy,
                validation,
                sampleWeighting,
                labelGradient,
                only,
                Collections.unmodifiableMap(new LinkedHashMap<>(set)));
    }

    private void requireNotNegative(String option, double[] values) {
        for (int i = 0; i < values.length; i++) {
            Checks.require(
                    values[i] >= 0,
                    name,
                    option + "[" + i + "]",
                    "be at least 0 (strict validation)",
                    values[i]);
        }
    }
}
