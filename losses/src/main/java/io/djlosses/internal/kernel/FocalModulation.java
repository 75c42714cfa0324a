/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;

import io.djlosses.api.LossBuilder;
import io.djlosses.internal.array.Gradients;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.function.Function;

/**
 * Shared code of the binary focal losses: with the probability {@code q = 1 − p_t} of the wrong
 * answer, the factors {@code q^γ} and {@code α_t}.
 */
public final class FocalModulation {

    /** A script that sets {@code factor} to q^(γ − 1), for γ of at least 1. */
    public static final String FACTOR = "factor = torch.pow(wrong, gamma - 1.)\n";

    /** The same times {@link #balance}. */
    public static final String BALANCED_FACTOR =
            FACTOR + "factor.mul_((y * (2. * alpha - 1.)).add_(1. - alpha))\n";

    /** The sum of the modulated entropy. */
    public static final String VALUE = "entropy.mul_(wrong).mul_(factor).sum()";

    /** The value of α that turns the weighting off. */
    public static final double OFF = -1;

    private FocalModulation() {}

    /**
     * The builder of a binary focal loss.
     *
     * @param <L> the loss
     * @param <T> the type of the builder itself
     */
    public abstract static class Builder<L, T extends Builder<L, T>> extends LossBuilder<L, T> {

        private double gamma = 2;
        private double alpha;
        private double labelSmoothing;

        /**
         * Creates a builder.
         *
         * @param name the name of the class of the loss
         * @param constructor creates the loss from the builder
         * @param alpha the default α
         */
        protected Builder(String name, Function<? super T, ? extends L> constructor, double alpha) {
            super(name, constructor);
            this.alpha = alpha;
        }

        /**
         * Sets the exponent {@code γ}, which reduces the weight of easy examples (default 2; 0
         * weights all alike).
         *
         * @param gamma a non-negative number
         * @return this {@code Builder}
         */
        public T optGamma(double gamma) {
            this.gamma = notNegative("gamma", gamma);
            return self();
        }

        /**
         * Sets the weight of positive labels (default 0.75 for probabilities, and 0.25 for logits);
         * the weight of negative labels is {@code 1 − α}.
         *
         * @param alpha a number in [0, 1], or −1 for weight 1 on both, which is Keras's default
         * @return this {@code Builder}
         */
        public T optAlpha(double alpha) {
            boolean valid = alpha == OFF || (alpha >= 0 && alpha <= 1);
            this.alpha = require("alpha", alpha, valid, "be in [0, 1], or -1 for none");
            return self();
        }

        /**
         * Sets the label smoothing {@code s} (default 0), as Keras does: a label {@code y} becomes
         * {@code y (1 − s) + s / 2}.
         *
         * @param labelSmoothing a number in [0, 1]
         * @return this {@code Builder}
         */
        public T optLabelSmoothing(double labelSmoothing) {
            this.labelSmoothing = range("labelSmoothing", labelSmoothing, 0, 1);
            return self();
        }

        /** Returns γ. */
        public double gamma() {
            return gamma;
        }

        /** Returns α. */
        public double alpha() {
            return alpha;
        }

        /** Returns the label smoothing. */
        public double labelSmoothing() {
            return labelSmoothing;
        }
    }

    /**
     * Returns the script that turns {@code dx} from the slope of the entropy into that of the
     * modulated entropy; (1 − 2y) · change is the entropy times the slope of q.
     */
    public static String slope(String change) {
        return "dx.mul_(wrong).addcmul_(%s, (y * (-2. * gamma)).add_(gamma)).mul_(factor)"
                .formatted(change);
    }

    /** Returns y·yes + (1 − y)·no. */
    public static NDArray blend(NDArray label, NDArray yes, NDArray no) {
        return label.mul(yes).add(Nd.complement(label).mul(no));
    }

    /** Returns α y + (1 − α)(1 − y), or null if α is off. */
    public static @Nullable NDArray balance(NDArray label, double alpha) {
        if (alpha == OFF) {
            return null;
        }
        NDArray no = Nd.mul(Nd.complement(label), 1 - alpha);
        return Nd.mul(label, alpha).add(no);
    }

    /** Returns values · q^γ, with gradient 0 where q is 0, also for γ below 1. */
    public static NDArray modulate(NDArray values, NDArray q, double gamma) {
        if (gamma == 0) {
            return values;
        }
        if (gamma == 1) {
            return values.mul(q);
        }
        if (gamma == 2) {
            return values.mul(q.square());
        }
        // Powers of 0, and the memory of the exponent, are not safe in the graphs of all engines.
        NDArray fixed = q.stopGradient();
        NDArray derivative = settled(below(fixed, gamma).muli(Nd.num(q, gamma)), fixed, gamma);
        NDArray power = settled(fixed.pow(Nd.num(q, gamma)), fixed, gamma);
        return values.mul(power.add(Gradients.zeroWithGradient(q, derivative)));
    }

    /**
     * Returns factors · q^(γ − 1) + others for γ above 0, or 0 where {@link #modulate} has gradient
     * 0.
     */
    public static NDArray slope(NDArray factors, NDArray others, NDArray q, double gamma) {
        NDArray power = gamma == 2 ? q : below(q, gamma);
        return settled(factors.mul(power).addi(others), q, gamma);
    }

    private static NDArray below(NDArray q, double gamma) {
        return q.pow(Nd.num(q, gamma - 1));
    }

    /** Replaces values by 0 where, or close to where, a power below 1 has no derivative. */
    private static NDArray settled(NDArray x, NDArray q, double gamma) {
        return gamma < 1 ? Nd.where(certain(q), x.zerosLike(), x) : x;
    }

    /**
     * Returns where q is so small that 1/q overflows, while the loss itself, q^γ q, is already 0.
     */
    private static NDArray certain(NDArray q) {
        return q.lt(
                q.getDataType() == DataType.FLOAT64
                        ? (Number) Double.MIN_NORMAL
                        : (Number) Float.MIN_NORMAL);
    }
}
