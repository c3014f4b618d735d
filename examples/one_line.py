"""One line: what is this about, how sure, and which words say so?"""

import ideaclass

print(ideaclass.load("esg").predict(["탕비실 종이컵을 없애고 개인컵을 씁시다"])[0])
