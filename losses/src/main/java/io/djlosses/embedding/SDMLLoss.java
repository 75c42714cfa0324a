/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.embedding;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

import io.djlosses.api.AbstractLoss;
import io.djlosses.api.Checks;
import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Inputs;
import io.djlosses.api.LossBuilder;
import io.djlosses.api.Outcome;
import io.djlosses.api.Reading;
import io.djlosses.api.SampleWeighting;
import io.djlosses.api.Terms;
import io.djlosses.internal.array.Sums;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;
import io.djlosses.internal.kernel.SquaredDistances;
import io.djlosses.nd.Nd;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The smoothed deep metric learning loss: among all pairs of embeddings in a batch, only those in
 * the same row match.
 *
 * <p>Use it for retrieval if only matching pairs are known: all other rows of the batch are
 * negative examples. With smoothing s, every row of a batch of B adds
 *
 * <pre>{@code
 * ℓᵢ = 1/B Σⱼ qᵢⱼ (log qᵢⱼ − log pᵢⱼ),    pᵢⱼ = softmaxⱼ(−‖x1ᵢ − x2ⱼ‖²)
 *
 * qᵢᵢ = 1 − s,    qᵢⱼ = s / (B − 1) for i ≠ j
 * }</pre>
 *
 * <p>A batch of a single pair has no negative examples: its loss is 0.
 *
 * <h2>Shapes</h2>
 *
 * <ul>
 *   <li>{@code labels: []}; their contents are ignored, because a trainer may pass those of its
 *       data set
 *   <li>{@code predictions: [(B, D), (B, D)]}, the embeddings x1 and x2; row i of both is a pair
 *   <li>{@code out: ()}, or {@code (B)} with {@code NONE}; {@code MEAN} divides by B
 * </ul>
 *
 * <p>The value of a row depends on the other rows, so splitting an epoch into other batches changes
 * the loss. A pair that a mask hides is no part of the batch, and no negative example of others.
 *
 * <h2>Example</h2>
 *
 * <pre>{@code
 * Loss loss = SDMLLoss.builder().optSmoothingParameter(0.1).build();
 * NDArray value = loss.evaluate(new NDList(), new NDList(questions, paraphrases));
 * }</pre>
 *
 * <p>Equivalent to {@code mxnet.gluon.loss.SDMLLoss(smoothing_parameter)}; no equivalent in
 * PyTorch. Differences: there a single pair gives NaN, 10⁻¹² is added inside log q, and up to MXNet
 * 1.6 the result is B times as large.
 *
 * @see <a href="https://arxiv.org/abs/1905.12786">Bonadiman et al. 2019, Large Scale Question
 *     Paraphrase Retrieval with Smoothed Deep Metric Learning</a>
 */
public final class SDMLLoss extends AbstractLoss {

    /**
     * The largest ‖x‖² at which a product of FLOAT64 leaves FLOAT32 embeddings all their digits;
     * beyond it, and for infinite embeddings, differences take its place.
     */
    private static final double FAR = 1e8;

    /** The same for FLOAT64 embeddings. */
    private static final double FAR_OF_DOUBLES = 1e4;

    /** Computes what {@link #inClosedForm} computes. */
    private static final Script SMALL_BATCH = scriptOf("False");

    /**
     * Uses FLOAT64 for the rows in which embeddings of different pairs are closer to each other
     * than to the center, and for all rows where an embedding is long. For other rows, differences
     * would lose as many digits as the product.
     */
    private static final Script LARGE_BATCH = scriptOf("bool(longest <= 1e4)");

    /** Writes the closed form, with the sums over q written out. */
    private static Script scriptOf(String inFloats) {
        // A product of infinite values is NaN, while distances may not be. For distant pairs a
        // softmax takes a tenth of the time of exponentials, which underflow.
        String code =
                """
                n = torch.size(x1, 0)
                given1 = torch.to(torch.detach(x1), 7)
                given2 = torch.to(torch.detach(x2), 7)
                center = torch.mean(given2, [0], True)
                wide1 = given1 - center
                wide2 = given2 - center
                squares1 = torch.square(wide1).sum([1])
                squares2 = torch.square(wide2).sum([1])
                longest = torch.maximum(torch.amax(squares1), torch.amax(squares2))
                a = wide1.type_as(x1)
                b = wide2.type_as(x1)
                if not bool(longest <= far):
                  a = wide1
                  b = wide2
                  product = torch.neg(torch.square(torch.cdist(given1, given2, 2., 2)))
                  for i in range(n if bool(longest < inf) else 0):
                    k = int(torch.argmax(product[i]))
                    near = given2[k]
                    sums = 2. * given1[i] - near - given2
                    product[i].copy_(torch.sum(sums * (given2 - near), [1]))
                elif IN_FLOATS:
                  squares = torch.square(b).sum([1])
                  product = torch.addmm(squares, a, torch.t(b), beta=-1, alpha=2)
                  own = torch.diagonal(product)
                  saved = torch.clone(own)
                  own.fill_(-inf)
                  half = torch.square(a).sum([1]) * 0.5
                  close = torch.flatten(torch.nonzero(torch.amax(product, [1]) > half))
                  own.copy_(saved)
                  if torch.numel(close) > 0:
                    rows = torch.index_select(wide1, 0, close)
                    exact = torch.addmm(squares2, rows, torch.t(wide2), beta=-1, alpha=2)
                    exact = (exact - torch.amax(exact, [1], True)).type_as(a)
                    product.index_copy_(0, close, torch.detach(exact))
                else:
                  product = torch.addmm(squares2, wide1, torch.t(wide2), beta=-1, alpha=2)
                logProb = torch.log_softmax(torch.detach(product), 1)
                other = s / (n - 1)
                extra = 1. - s - other
                total = torch.trace(logProb) * -extra - torch.sum(logProb) * other
                if torch.isnan(total):
                  q = torch.full_like(logProb, other)
                  torch.diagonal(q).fill_(1. - s)
                  total = torch.neg(torch.sum(torch.mul(q, logProb)))
                if s < 1.:
                  total = total + n * (1. - s) * torch.log(1. - s)
                if s > 0.:
                  total = total + n * s * torch.log(other)
                factor = 1. / n if mean else 1.
                value = (total * (factor / n)).type_as(x1)
                if not gradient:
                  return value
                weights = torch.softmax(logProb.type_as(a), 1).sub_(other)
                torch.diagonal(weights).sub_(extra)
                d1 = torch.mm(weights, b)
                back = torch.t(weights)
                d2 = torch.mm(back, a).addcmul_(b, weights.sum([0]).unsqueeze(1), value=-1)
                result = torch.dot(torch.flatten(x1), torch.flatten(d1).type_as(x1))
                result = result + torch.dot(torch.flatten(x2), torch.flatten(d2).type_as(x1))
                result = result * (2. / n * factor)
                result.detach().copy_(value)
                return result
                """;
        return Script.of("x1 x2", "s=0.3 far=1e8", code.replace("IN_FLOATS", inFloats));
    }

    private final double smoothingParameter;

    private SDMLLoss(Builder builder) {
        super(builder);
        smoothingParameter = builder.smoothingParameter;
    }

    /** {@inheritDoc} */
    @Override
    protected void check(NDList labels, NDList predictions) {
        Checks.count(getName(), "predictions", predictions, "x1", "x2");
        Pairs.checkEmbeddings(getName(), predictions, 2, 2, "(B, D)");
    }

    /** {@inheritDoc} */
    @Override
    protected Shape unreducedShape(NDList labels, NDList predictions) {
        return new Shape(predictions.get(0).getShape().get(0));
    }

    /** {@inheritDoc} */
    @Override
    protected Terms terms(NDList labels, NDList predictions, Goal goal) {
        NDArray logits =
                SquaredDistances.beyondNearest(predictions.get(0), predictions.get(1))
                        .neg(); // [B, B]
        if (getSampleWeighting() == SampleWeighting.MASK) {
            return ofShown(labels.get(0), logits);
        }
        NDArray divergences = divergences(target(logits), Nd.logSoftmax(logits, 1));
        return Terms.of(Nd.div(Nd.sum(divergences, 1), logits.getShape().get(1)));
    }

    /** Leaves the pairs that are hidden out of the batch: the mask becomes the label. */
    @Override
    protected Inputs masked(NDArray mask, NDList labels, NDList predictions) {
        NDArray first = predictions.get(0);
        NDArray shown = Nd.cast(mask, first).broadcast(new Shape(first.getShape().get(0)));
        return new Inputs(new NDList(shown), super.masked(mask, labels, predictions).predictions());
    }

    /** Computes the same of a batch in which rows are hidden, where {@code shown} is 0. */
    private Terms ofShown(NDArray shown, NDArray logits) {
        long batch = logits.getShape().get(1);
        NDArray eye = logits.getManager().eye((int) batch, (int) batch, 0, logits.getDataType());
        NDArray pairs = shown.expandDims(0).mul(shown.expandDims(1)).maximum(eye); // 0 or 1
        NDArray counted = pairs.gt(0);
        NDArray count = Nd.sum(shown);
        NDArray others = count.sub(Nd.num(count, 1)).maximum(Nd.num(count, 0));
        NDArray spread = others.minimum(Nd.num(count, 1)).mul(Nd.num(count, smoothingParameter));
        NDArray other = spread.div(others.maximum(Nd.num(count, 1)));
        NDArray own = Nd.complement(spread);
        NDArray target = eye.mul(own.sub(other)).add(other).mul(pairs);
        NDArray logProb = Nd.logSoftmax(Nd.where(counted, logits, Double.NEGATIVE_INFINITY), 1);
        NDArray divergences = divergences(target, Nd.where(counted, logProb, 0));
        return Terms.of(Nd.sum(divergences, 1).div(count.maximum(Nd.num(count, 1))));
    }

    /** Returns q. */
    private NDArray target(NDArray like) {
        long batch = like.getShape().get(1);
        double own = own(batch);
        double other = other(batch);
        NDArray eye = like.getManager().eye((int) batch, (int) batch, 0, like.getDataType());
        return eye.muli(Nd.num(eye, own - other)).addi(Nd.num(eye, other));
    }

    private double own(long batch) {
        return batch == 1 ? 1 : 1 - smoothingParameter;
    }

    private double other(long batch) {
        return batch == 1 ? 0 : smoothingParameter / (batch - 1);
    }

    private static NDArray divergences(NDArray target, NDArray logProb) {
        return Nd.xlogy(target, target).sub(target.mul(logProb)); // [B, B]
    }

    private @Nullable Outcome inClosedForm(NDList labels, NDList predictions, Goal goal) {
        NDArray x1 = predictions.get(0);
        NDArray x2 = predictions.get(1);
        long batch = x1.getShape().get(0);
        // A common offset of all embeddings cancels, and would only cost precision.
        NDArray given2 = x2.toType(DataType.FLOAT64, false);
        NDArray center = Sums.sumOfConstant(given2, 0).divi((double) batch);
        NDArray wide1 = x1.toType(DataType.FLOAT64, false).sub(center);
        NDArray wide2 = given2.sub(center);
        NDArray squares1 = Nd.sum(wide1.square(), 1);
        NDArray squares2 = Nd.sum(wide2.square(), 1);
        double longest = Math.max(largest(squares1), largest(squares2));
        if (!Double.isFinite(longest)) {
            return null; // a product of infinite values is NaN, while distances may not be
        }
        boolean isFar = longest > far(x1);
        NDArray logProb = // FLOAT64
                Nd.logSoftmax(
                        isFar
                                ? SquaredDistances.ofConstantsBeyondNearest(wide1, wide2).negi()
                                : product(wide1, wide2, squares2),
                        1);
        double own = own(batch);
        double other = other(batch);
        NDArray index = x1.getManager().arange(0, (int) batch, 1, DataType.INT64);
        NDArray sum = Sums.sumOfConstant(Nd.pick(logProb, index)).muli(other - own);
        sum.subi(Sums.sumOfConstant(logProb).muli(other)).divi((double) batch);
        sum = Nd.cast(sum.addi(xlogx(own) + (batch - 1) * xlogx(other)), x1);
        Divisor divisor = Divisor.of(batch);
        if (!goal.gradient()) {
            return Outcome.of(sum, divisor);
        }
        // With W = P − Q the gradients are 2/B Σⱼ Wᵢⱼ (x2ⱼ − x1ᵢ) and 2/B Σᵢ Wᵢⱼ (x1ᵢ − x2ⱼ). The
        // rows of W sum to 0, up to a rounding error that a distant x1ᵢ would make large.
        NDArray weights = logProb.exp().subi(other);
        NDArray eye = Nd.oneHot(index, batch, weights);
        NDArray precision = isFar ? weights : x1;
        weights = Nd.cast(weights.subi(eye.muli(own - other)), precision);
        NDArray centered1 = Nd.cast(wide1, precision);
        NDArray centered2 = Nd.cast(wide2, precision);
        return Outcome.of(
                sum,
                divisor,
                2.0 / batch,
                Nd.cast(Nd.matMul(weights, centered2), x1),
                Nd.cast(pull(weights.transpose(), centered2, centered1), x1));
    }

    private static double xlogx(double x) {
        return x == 0 ? 0 : x * Math.log(x);
    }

    private static double far(NDArray x) {
        return x.getDataType() == DataType.FLOAT64 ? FAR_OF_DOUBLES : FAR;
    }

    private static double largest(NDArray x) {
        return Nd.toDoubles(x.max())[0];
    }

    /**
     * Returns −‖a − b‖² by one product, 2ab − ‖b‖² − ‖a‖², without the last term, which is the same
     * for a whole row. For close points the terms cancel, so twice the digits are needed.
     */
    private static NDArray product(NDArray a, NDArray b, NDArray squares) {
        return Nd.matMul(a, b.transpose()).muli(2.0).subi(squares.expandDims(0));
    }

    /** Returns Σⱼ wᵢⱼ (bⱼ − aᵢ). */
    private static NDArray pull(NDArray weights, NDArray a, NDArray b) {
        try (NDArray sums = Sums.sumOfConstant(weights, 1);
                NDArray own = a.mul(sums)) {
            return Nd.matMul(weights, b).subi(own);
        }
    }

    private Reading.@Nullable Call call(NDList labels, NDList predictions, Goal goal) {
        long batch = predictions.get(0).getShape().get(0);
        if (batch == 1) {
            return null;
        }
        boolean isLarge = goal.forced() || batch >= Thresholds.PAIRS;
        return new Reading.Call(
                isLarge ? LARGE_BATCH : SMALL_BATCH,
                Divisor.of(batch),
                predictions,
                smoothingParameter,
                far(predictions.get(0)));
    }

    /** {@inheritDoc} */
    @Override
    protected List<Reading> readings() {
        return List.of(
                Reading.graph(),
                Reading.script(this::call),
                Reading.closedForm(this::inClosedForm));
    }

    /**
     * Creates a builder with the defaults: smoothingParameter 0.3, {@code MEAN}.
     *
     * @return the builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /** The Builder to construct an {@link SDMLLoss}. */
    public static final class Builder extends LossBuilder<SDMLLoss, Builder> {

        private double smoothingParameter = 0.3;

        Builder() {
            super("SDMLLoss", SDMLLoss::new);
        }

        /**
         * Sets the probability that is spread over the other rows (default 0.3).
         *
         * @param smoothingParameter a number in [0, 1]
         * @return this {@code Builder}
         */
        public Builder optSmoothingParameter(double smoothingParameter) {
            this.smoothingParameter = range("smoothingParameter", smoothingParameter, 0, 1);
            return this;
        }
    }
}
