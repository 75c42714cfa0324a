/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.internal.kernel;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.Divisor;
import io.djlosses.api.Goal;
import io.djlosses.api.Reading;
import io.djlosses.internal.core.Thresholds;
import io.djlosses.internal.fast.Script;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cross entropy of logits as scripts. For large arrays they write the softmax p into the array
 * of the gradient, and need no further memory; for small ones a single operation of the engine is
 * faster.
 *
 * <pre>{@code
 * ℓ = −Σc t[c] log p[c]        dℓ/dx = (Σc t[c]) p − t        t what −log p of a class counts
 * }</pre>
 */
public final class CrossEntropyScript {

    /** Computes p in the array of the gradient. */
    public static final String SOFTMAX = "p = torch._softmax(x, 1, False, out=dx)\n";

    public static final String SOFTMAX_ONLY = "p = torch.softmax(x, 1)\n";

    /** Sets l to log p[y], even if p[y] underflows, and top to the logarithm of the largest p. */
    public static final String LOG =
            """
            x0 = torch.amax(x, [1], True)
            top = torch.log(torch.amax(p, [1], True))
            l = torch.add(torch.sub(torch.gather(x, 1, i), x0), top)
            """;

    private static final Script NATIVE =
            Script.of(
                    "x y",
                    "ignored=-100",
                    "return torch.cross_entropy_loss(x, y, None, reduction, int(ignored), 0.)");

    private static final Script OF_INDICES =
            Script.closedForm("x", "y", "ignored=-100")
                    .rows()
                    .least(Thresholds.BLOCKS)
                    .small(NATIVE)
                    .shared("i = torch.unsqueeze(y, 1)")
                    .gradient(SOFTMAX + LOG + "dx.scatter_(1, i, -1, reduce=\"add\")\n")
                    .withoutGradient(SOFTMAX_ONLY + LOG)
                    .value("torch.neg(torch.sum(l))")
                    .divisor("torch.numel(y)")
                    .build();

    private static final Script NATIVE_WEIGHTED =
            Script.of(
                    "x y w",
                    "ignored=-100 smoothing=0",
                    "return torch.cross_entropy_loss(x, y, w, reduction, int(ignored), smoothing)");

    private static final Script SMOOTHED_FORMULA =
            Script.of(
                    "x y",
                    "smoothing=0",
                    """
                    l = torch.log_softmax(x, 1)
                    own = torch.mul(torch.gather(l, 1, torch.unsqueeze(y, 1)), 1. - smoothing)
                    every = torch.mul(torch.sum(l, [1], True), smoothing / torch.size(x, 1))
                    total = torch.sum(torch.add(own, every))
                    return total.mul_(-1. / (torch.numel(y) if mean else 1))
                    """);

    /** With ignored targets and class weights. */
    private static final Script OF_WEIGHTED_INDICES =
            ofWeightedIndices("")
                    .gradient(
                            SOFTMAX
                                    + LOG
                                    + """
                                    dx.mul_(own)
                                    dx.scatter_add_(1, i, torch.neg(own))
                                    """)
                    .withoutGradient(SOFTMAX_ONLY + LOG)
                    .value("torch.neg(torch.sum(torch.masked_fill(torch.mul(l, own), gone, 0)))")
                    .build();

    private static final String SMOOTHED_LOG =
            LOG
                    + """
                    z = torch.sum(torch.sub(x, x0).mul_(every), [1], True)
                    l = torch.add(torch.mul(l, own), z.add_(torch.mul(top, torch.sum(every))))
                    """;

    /** With label smoothing as well. */
    private static final Script OF_SMOOTHED_INDICES =
            ofWeightedIndices(
                            """
                            own.mul_(1. - smoothing)
                            every = torch.mul(w, smoothing / torch.numel(w))
                            for k in range(torch.dim(x) - 2):
                              every = torch.unsqueeze(every, -1)
                            """)
                    .gradient(
                            SOFTMAX
                                    + SMOOTHED_LOG
                                    + """
                                    dx.mul_(torch.add(own, torch.mul(kept, torch.sum(every))))
                                    dx.sub_(torch.mul(kept, every))
                                    dx.scatter_add_(1, i, torch.neg(own))
                                    """)
                    .withoutGradient(SOFTMAX_ONLY + SMOOTHED_LOG)
                    .value("torch.neg(torch.sum(torch.masked_fill(l, gone, 0)))")
                    .build();

    private static Script.ClosedFormBuilder ofWeightedIndices(String shares) {
        return Script.closedForm("x", "y", "ignored=-100 smoothing=0")
                .constants("w")
                .rows()
                .least(Thresholds.BLOCKS)
                .small(NATIVE_WEIGHTED)
                .shared(
                        """
                        i = torch.unsqueeze(y, 1)
                        gone = torch.eq(i, int(ignored))
                        i = torch.masked_fill(i, gone, 0)
                        kept = torch.type_as(torch.logical_not(gone), x)
                        own = torch.mul(torch.take(w, i), kept)
                        """
                                + shares)
                .divisor(
                        "torch.sum(torch.mul(torch.take(w, torch.masked_fill(y, torch.eq(y,"
                                + " int(ignored)), 0)), torch.ne(y, int(ignored))))");
    }

    private static final Script OF_PROBABILITIES =
            ofProbabilities("", "t = y\n")
                    .small(
                            """
                            total = torch.sum(torch.mul(torch.log_softmax(x, 1), y))
                            divisor = torch.numel(x) // torch.size(x, 1) if mean else 1
                            return total.mul_(-1. / divisor)
                            """)
                    .build();

    private static final Script NATIVE_OF_WEIGHTED_PROBABILITIES =
            Script.of(
                    "x",
                    "y w",
                    "smoothing=0",
                    "return torch.cross_entropy_loss(x, y, w, reduction, -100, smoothing)");

    /** With class weights and label smoothing. */
    private static final Script OF_WEIGHTED_PROBABILITIES =
            ofProbabilities(
                            "smoothing=0",
                            """
                            t = torch.mul(y, 1. - smoothing)
                            t.add_(smoothing / torch.numel(w))
                            row = w
                            for k in range(torch.dim(x) - 2):
                              row = torch.unsqueeze(row, -1)
                            t.mul_(row)
                            """)
                    .constants("w")
                    .small(NATIVE_OF_WEIGHTED_PROBABILITIES)
                    .build();

    private CrossEntropyScript() {}

    private static Script.ClosedFormBuilder ofProbabilities(String numbers, String target) {
        return Script.closedForm("x", "y", numbers)
                .rows()
                .least(Thresholds.BLOCKS)
                .shared(
                        target
                                + """
                                sums = torch.sum(t, [1], True)
                                z = torch.sub(x, torch.amax(x, [1], True))
                                """)
                .gradient(
                        """
                        torch._softmax(x, 1, False, out=dx)
                        top = torch.amax(dx, [1], True)
                        dx.mul_(sums).sub_(t)
                        """)
                .withoutGradient("top = torch.amax(torch.softmax(x, 1), [1], True)")
                .value("torch.neg(torch.sum(z.add_(torch.log(top)).mul_(t)))")
                .divisor("torch.numel(x) // torch.size(x, 1)");
    }

    /** Computes the cross entropy of class indices, or declines. */
    public static Reading.@Nullable Call ofIndices(
            NDArray logits,
            ClassTargets.@Nullable Checked targets,
            long ignoreIndex,
            double @Nullable [] weight,
            double smoothing,
            Goal goal) {
        if (targets == null) {
            return null;
        }
        NDArray index = targets.index();
        Divisor divisor = targets.divisor();
        boolean isLarge = goal.forced() || logits.size() >= Thresholds.BLOCKS;
        if (weight == null && smoothing == 0 && !(isLarge && targets.ignored())) {
            return new Reading.Call(
                    of(logits, OF_INDICES, NATIVE), divisor, List.of(logits, index), ignoreIndex);
        }
        if (weight == null && isBatch(logits) && !isLarge && !targets.ignored()) {
            return new Reading.Call(SMOOTHED_FORMULA, divisor, List.of(logits, index), smoothing);
        }
        Script script = smoothing == 0 ? OF_WEIGHTED_INDICES : OF_SMOOTHED_INDICES;
        List<NDArray> arrays = List.of(logits, index, ClassAxis.vector(weight, logits));
        return new Reading.Call(
                of(logits, script, NATIVE_WEIGHTED), divisor, arrays, ignoreIndex, smoothing);
    }

    /** Computes the cross entropy of probabilities, or declines. */
    public static Reading.@Nullable Call ofProbabilities(NDArray logits, NDArray label) {
        return isBatch(logits)
                ? new Reading.Call(OF_PROBABILITIES, count(logits), List.of(logits, label))
                : null;
    }

    /** Computes the cross entropy of probabilities with weights and smoothing. */
    public static Reading.@Nullable Call ofProbabilities(
            NDArray logits, NDArray label, double @Nullable [] weight, double smoothing) {
        NDArray vector = ClassAxis.vector(weight, logits);
        return new Reading.Call(
                of(logits, OF_WEIGHTED_PROBABILITIES, NATIVE_OF_WEIGHTED_PROBABILITIES),
                count(logits),
                List.of(logits, label, vector),
                smoothing);
    }

    /** Chooses the script of a batch of logits (N, C, …), or that of one sample (C). */
    private static Script of(NDArray logits, Script ofBatch, Script ofSample) {
        return isBatch(logits) ? ofBatch : ofSample;
    }

    /** Returns the number of samples and positions. */
    private static Divisor count(NDArray logits) {
        return Divisor.of((double) logits.size() / logits.getShape().get(ClassAxis.of(logits)));
    }

    private static boolean isBatch(NDArray logits) {
        return logits.getShape().dimension() > 1;
    }
}
