/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.binary;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Checks;
import io.djlosses.api.ElementwiseLoss;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.internal.kernel.Margin;
import io.djlosses.nd.Nd;

import java.util.List;

/**
 * The logistic loss of a score, for labels −1 and 1 or labels 0 and 1.
 *
 * <p>Use it for binary classification if labels come in one of these forms. With signed labels it
 * equals {@link SoftMarginLoss}, with binary labels {@link BCEWithLogitsLoss}. Each element
 * contributes
 *
 * <pre>{@code
 * ℓ = log(1 + exp(−s x))        x score
 * s = y                         SIGNED:  label y in {−1, 1}
 * s = 2y − 1                    BINARY:  label y in {0, 1}
 * }</pre>
 *
 * <p>Shapes are those of every {@link ElementwiseLoss}; labels are −1 or 1; with {@code BINARY}, 0
 * or 1.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = LogisticLoss.builder().optLabelFormat(LogisticLoss.LabelFormat.BINARY).build();
 * NDArray value = loss.evaluate(new NDList(label), new NDList(scores));
 * }</pre>
 *
 * <p>Equivalent to {@code mxnet.gluon.loss.LogisticLoss(label_format)}, which gives one mean per
 * sample. For a label between the two values the formula above holds, while Gluon mixes their
 * losses; strict validation rejects it. For soft labels use {@link BCEWithLogitsLoss}.
 */
public final class LogisticLoss extends ElementwiseLoss {

    /** The label values of a {@link LogisticLoss}. */
    public enum LabelFormat {
        /** −1 and 1. */
        SIGNED,
        /** 0 and 1. */
        BINARY
    }

    private final LabelFormat labelFormat;

    private LogisticLoss(Builder builder) {
        super(builder);
        labelFormat = builder.labelFormat;
    }

    /** {@inheritDoc} */
    @Override
    protected void checkData(NDArray label, NDArray prediction) {
        if (labelFormat == LabelFormat.SIGNED) {
            Checks.signs(getName(), "labels[0]", label);
            return;
        }
        for (double value : Nd.toDoubles(label)) {
            require(
                    value == 0 || value == 1,
                    "labels[0]",
                    "hold 0 or 1 (strict validation)",
                    value);
        }
    }

    /** {@inheritDoc} */
    @Override
    protected NDArray unreduced(NDArray label, NDArray prediction) {
        return Margin.logistic(sign(label), prediction);
    }

    private Outcome inClosedForm(NDArray label, NDArray prediction, boolean gradient) {
        return Margin.closedForm(sign(label), prediction, gradient);
    }

    private NDArray sign(NDArray label) {
        return labelFormat == LabelFormat.SIGNED ? label : Nd.mul(label, 2).sub(Nd.num(label, 1));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                script(Margin.SCRIPT, (label, prediction) -> List.of(prediction, sign(label))),
                closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: {@code SIGNED} labels, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct a {@link LogisticLoss}. */
    public static final class Builder extends LossBuilder<LogisticLoss, Builder> {

        private LabelFormat labelFormat = LabelFormat.SIGNED;

        Builder() {
            super("LogisticLoss", LogisticLoss::new);
        }

        /**
         * Sets the two label values (default {@link LabelFormat#SIGNED}).
         *
         * @param labelFormat the format
         * @return this {@code Builder}
         */
        public Builder optLabelFormat(LabelFormat labelFormat) {
            this.labelFormat = set("labelFormat", labelFormat);
            return this;
        }
    }
}
