/* Copyright the DJLosses authors. SPDX-License-Identifier: Apache-2.0 */
package io.djlosses.classification;

import ai.djl.ndarray.NDArray;

import io.djlosses.api.ClassTargets;
import io.djlosses.nd.Script;

import org.jspecify.annotations.Nullable;

import java.util.List;

/**
 * The cross entropy of logits as scripts. For much data they write the softmax p to where the
 * gradient is to be, and need no more memory; for little data one operation of the engine is
 * faster.
 *
 * <pre>{@code
 * ℓ = −Σc t[c] log p[c]        dℓ/dx = (Σc t[c]) p − t        t what −log p of a class counts
 * }</pre>
 */
final class CrossEntropyScript {

    /** From how many elements on the memory that is saved outweighs the operations on a row. */
    private static final int LARGE = 1 << 20;

    /** How many elements a block has, so that the operations on a row are few. */
    static final int BLOCK = 1 << 18;

    /** Sets q to p[y], and leaves p where the gradient is to be. */
    static final String PICK =
            """
            torch._softmax(x, 1, False, out=dx)
            q = torch.gather(dx, 1, i)
            """;

    /** Sets q to p[y]. */
    static final String PICK_ONLY = "q = torch.gather(torch.softmax(x, 1), 1, i)\n";

    /** Sets l to log q, also where q underflows. */
    static final String LOG =
            """
            l = torch.log(q)
            if not float(torch.min(q)) > 1e-30:
              l = torch.gather(torch.log_softmax(x, 1), 1, i)
            """;

    private static final Script NATIVE =
            Script.of(
                    "x y",
                    "ignored some",
                    "return torch.cross_entropy_loss(x, y, None, reduction, int(ignored), 0.)");

    private static final Script OF_INDICES =
            Script.closedForm("x")
                    .labels("y")
                    .numbers("ignored some")
                    .rows()
                    .block(BLOCK)
                    .shared(
                            """
                            i = torch.unsqueeze(y, 1)
                            gone = i
                            if some > 0.:
                              gone = torch.eq(i, int(ignored))
                              i = torch.masked_fill(i, gone, 0)
                            """)
                    .gradient(
                            PICK
                                    + """
                                    dx.scatter_(1, i, -1, reduce="add")
                                    if some > 0.:
                                      dx.mul_(torch.logical_not(gone))
                                    """
                                    + LOG
                                    + "if some > 0.:\n  l = torch.masked_fill(l, gone, 0)\n")
                    .withoutGradient(
                            PICK_ONLY
                                    + LOG
                                    + "if some > 0.:\n  l = torch.masked_fill(l, gone, 0)\n")
                    .value("torch.neg(torch.sum(l))")
                    .divisor("torch.numel(y) - torch.sum(torch.eq(y, int(ignored)))")
                    .least(LARGE)
                    .small(NATIVE)
                    .build();

    private static final Script NATIVE_WEIGHTED =
            Script.of(
                    "x y w",
                    "ignored smoothing",
                    "return torch.cross_entropy_loss(x, y, w, reduction, int(ignored), smoothing)");

    private static final Script SMOOTHED_FORMULA =
            Script.of(
                    "x y",
                    "smoothing",
                    """
                    l = torch.log_softmax(x, 1)
                    own = torch.mul(torch.gather(l, 1, torch.unsqueeze(y, 1)), 1. - smoothing)
                    every = torch.mul(torch.sum(l, [1], True), smoothing / torch.size(x, 1))
                    total = torch.sum(torch.add(own, every))
                    return total.mul_(-1. / (torch.numel(y) if mean else 1))
                    """);

    private static final String WEIGHTED_LOG =
            LOG
                    + """
                    l = torch.mul(l, own)
                    if smoothing > 0.:
                      z = torch.sub(x, torch.amax(x, [1], True))
                      l.add_(torch.sum(z.mul_(every), [1], True))
                      l.add_(torch.mul(torch.log(top), torch.sum(every)))
                    l.masked_fill_(gone, 0)
                    """;

    /** With weights of the classes and label smoothing. */
    private static final Script OF_WEIGHTED_INDICES =
            Script.closedForm("x")
                    .labels("y")
                    .constants("w")
                    .numbers("ignored smoothing")
                    .rows()
                    .block(BLOCK)
                    .shared(
                            """
                            i = torch.unsqueeze(y, 1)
                            gone = torch.eq(i, int(ignored))
                            i = torch.masked_fill(i, gone, 0)
                            kept = torch.type_as(torch.logical_not(gone), x)
                            own = torch.mul(torch.take(w, i), kept).mul_(1. - smoothing)
                            every = torch.mul(w, smoothing / torch.numel(w))
                            for k in range(torch.dim(x) - 2):
                              every = torch.unsqueeze(every, -1)
                            top = own
                            """)
                    .gradient(
                            PICK
                                    + """
                                    if smoothing > 0.:
                                      top = torch.amax(dx, [1], True)
                                      dx.mul_(torch.add(own, torch.mul(kept, torch.sum(every))))
                                      dx.sub_(torch.mul(kept, every))
                                    else:
                                      dx.mul_(own)
                                    dx.scatter_add_(1, i, torch.neg(own))
                                    """
                                    + WEIGHTED_LOG)
                    .withoutGradient(
                            """
                            p = torch.softmax(x, 1)
                            q = torch.gather(p, 1, i)
                            if smoothing > 0.:
                              top = torch.amax(p, [1], True)
                            """
                                    + WEIGHTED_LOG)
                    .value("torch.neg(torch.sum(l))")
                    .divisor(
                            "torch.sum(torch.mul(torch.take(w, torch.masked_fill(y, torch.eq(y,"
                                    + " int(ignored)), 0)), torch.ne(y, int(ignored))))")
                    .least(LARGE)
                    .small(NATIVE_WEIGHTED)
                    .build();

    private static final Script FORMULA_OF_PROBABILITIES =
            Script.of(
                    "x y",
                    "",
                    """
                    total = torch.sum(torch.mul(torch.log_softmax(x, 1), y))
                    divisor = torch.numel(x) // torch.size(x, 1) if mean else 1
                    return total.mul_(-1. / divisor)
                    """);

    private static final Script OF_PROBABILITIES =
            ofProbabilities("t = y\n").labels("y").small(FORMULA_OF_PROBABILITIES).build();

    private static final Script NATIVE_OF_WEIGHTED_PROBABILITIES =
            Script.of(
                    "x y w",
                    "smoothing",
                    "return torch.cross_entropy_loss(x, y, w, reduction, -100, smoothing)");

    /** With weights of the classes and label smoothing. */
    private static final Script OF_WEIGHTED_PROBABILITIES =
            ofProbabilities(
                            """
                            t = torch.mul(y, 1. - smoothing)
                            t.add_(smoothing / torch.numel(w))
                            row = w
                            for k in range(torch.dim(x) - 2):
                              row = torch.unsqueeze(row, -1)
                            t.mul_(row)
                            """)
                    .labels("y")
                    .constants("w")
                    .numbers("smoothing")
                    .small(NATIVE_OF_WEIGHTED_PROBABILITIES)
                    .build();

    private CrossEntropyScript() {}

    private static Script.ClosedFormBuilder ofProbabilities(String target) {
        return Script.closedForm("x")
                .rows()
                .least(LARGE)
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
                .value(
                        "torch.neg(torch.add(torch.sum(z.mul_(t)),"
                                + " torch.sum(torch.log(top).mul_(sums))))")
                .divisor("torch.numel(x) // torch.size(x, 1)");
    }

    /** Computes the cross entropy of class indices, or declines. */
    static @Nullable NDArray ofIndices(
            NDArray logits,
            ClassTargets.@Nullable Checked targets,
            long ignoreIndex,
            Script.Goal goal) {
        if (targets == null) {
            return null;
        }
        List<NDArray> arrays = List.of(logits, targets.index());
        return of(logits, OF_INDICES, NATIVE)
                .run(goal, arrays, ignoreIndex, targets.ignored() ? 1 : 0);
    }

    /** Computes the cross entropy of class indices with weights and smoothing, or declines. */
    static @Nullable NDArray ofIndices(
            NDArray logits,
            ClassTargets.@Nullable Checked targets,
            long ignoreIndex,
            double @Nullable [] weight,
            double smoothing,
            Script.Goal goal) {
        if (targets == null) {
            return null;
        }
        if (logits.size() < LARGE && isBatch(logits) && weight == null && !targets.ignored()) {
            return SMOOTHED_FORMULA.run(goal, List.of(logits, targets.index()), smoothing);
        }
        NDArray vector = ClassAxis.vector(weight, logits);
        return of(logits, OF_WEIGHTED_INDICES, NATIVE_WEIGHTED)
                .run(goal, List.of(logits, targets.index(), vector), ignoreIndex, smoothing);
    }

    /** Computes the cross entropy of probabilities, or declines. */
    static @Nullable NDArray ofProbabilities(NDArray logits, NDArray label, Script.Goal goal) {
        return isBatch(logits) ? OF_PROBABILITIES.run(goal, List.of(logits, label)) : null;
    }

    /** Computes the cross entropy of probabilities with weights and smoothing. */
    static @Nullable NDArray ofProbabilities(
            NDArray logits,
            NDArray label,
            double @Nullable [] weight,
            double smoothing,
            Script.Goal goal) {
        NDArray vector = ClassAxis.vector(weight, logits);
        return of(logits, OF_WEIGHTED_PROBABILITIES, NATIVE_OF_WEIGHTED_PROBABILITIES)
                .run(goal, List.of(logits, label, vector), smoothing);
    }

    /** Chooses the script of a batch of logits (N, C, …), or that of one sample (C). */
    private static Script of(NDArray logits, Script ofBatch, Script ofSample) {
        return isBatch(logits) ? ofBatch : ofSample;
    }

    private static boolean isBatch(NDArray logits) {
        return logits.getShape().dimension() > 1;
    }
}
